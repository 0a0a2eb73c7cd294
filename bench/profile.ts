/**
 * Where a drain's time goes: drains a backlog under V8's profiler, prints CPU for each event by part, and draws a flame graph.
 * Usage: npm run build && npx node bench/profile.ts [ROWS] [PER_TRANSACTION] [SVG]    (500000, 100, no picture unless given)
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CpuProfile } from "./profile/call-tree.ts";
import { callTree, sumByPart } from "./profile/call-tree.ts";
import { flameGraph } from "./profile/flame-graph.ts";
import { PART_COLORS, partOf } from "./profile/parts.ts";
import { print, Rig } from "./rig.ts";

const POLL_MS = 200;
const rows = Number(process.argv[2] ?? 500_000);
const perTransaction = Number(process.argv[3] ?? 100);
const picture = process.argv[4];
const folder = await mkdtemp(join(tmpdir(), "outbox-relay-profile-"));
const rig = await Rig.start(12);
try {
  const first = rig.relay();
  await first.streaming();
  await first.stop();
  await rig.fill(rows, perTransaction);
  const relay = rig.relay({ NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` }, "dist/main.js");
  await relay.streaming();
  await relay.untilPublished(rows, POLL_MS);
  await relay.stop();
  await report();
} finally {
  await rig.stop();
  await rm(folder, { recursive: true });
}

async function report(): Promise<void> {
  const [file = ""] = await readdir(folder);
  const profile = JSON.parse(await readFile(join(folder, file), "utf8")) as CpuProfile;
  const tree = callTree(profile, (url) => url.includes("/relay/intake"));
  const parts = [...sumByPart(tree, partOf)].toSorted(([, a], [, b]) => b - a);
  const perEvent = (us: number): number => Number((us / rows).toFixed(2));
  print({ rows, perTransaction, unit: "us for each event", all: perEvent(tree.total) });
  for (const [part, us] of parts) print({ part, usPerEvent: perEvent(us) });
  if (picture === undefined) return;
  const title = `The relay's thread while it drains ${rows.toLocaleString("en")} rows, ${perTransaction} in a transaction: ${perEvent(tree.total)} us for each event`;
  await writeFile(picture, flameGraph(tree, title, partOf, PART_COLORS));
}
