/**
 * Has a repair look through an outbox of many rows after the slot was dropped, and prints its largest resident set.
 * Usage: npx node bench/repair-scan.ts [ROWS]    (10000000 unless given)
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { print, Rig, SLOT } from "./rig.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const SAMPLE_MS = 100;
const CHUNK_ROWS = 500_000;

const rows = Number(process.argv[2] ?? 10_000_000);
const rig = await Rig.start(12);
try {
  await prepare();
  const planned = await command("repair", "--plan", "--json");
  print({ way: "repair --plan", rows, ...JSON.parse(planned.stdout), ...planned.figures });
} finally {
  await rig.stop();
}

/** A relay that has published nothing and whose slot is gone; then rows come, of which nobody has published one. */
async function prepare(): Promise<void> {
  const relay = rig.relay();
  await relay.streaming();
  await relay.stop();
  await rig.client.query("select pg_drop_replication_slot($1)", [SLOT]);
  await rig.fill(rows, Math.min(rows, CHUNK_ROWS));
}

async function command(
  ...argv: string[]
): Promise<{ stdout: string; figures: { seconds: number; rssMbMax: number } }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: rig.settings,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  let rssMbMax = 0;
  const sampling = setInterval(() => {
    void peakMb(child.pid).then((mb) => {
      rssMbMax = Math.max(rssMbMax, mb);
    });
  }, SAMPLE_MS);
  await once(child, "close");
  clearInterval(sampling);
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  return { stdout, figures: { seconds, rssMbMax } };
}

/** The largest resident set so far; 0 once the process is gone. */
async function peakMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? "0";
  return Math.round(Number(kb) / 1000);
}
