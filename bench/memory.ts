/**
 * Lets one transaction of many rows pass and prints the largest resident set of the relay.
 * Usage: npx node bench/memory.ts [ROWS]    (1000000 unless given)
 */
import { print, Rig } from "./rig.ts";

const rows = Number(process.argv[2] ?? 1_000_000);
const rig = await Rig.start(12);
try {
  const relay = rig.relay();
  await relay.streaming();
  const idleMb = await relay.rssMbMax();
  await rig.fill(rows, rows);
  const startedMs = performance.now();
  await relay.untilPublished(rows);
  const seconds = (performance.now() - startedMs) / 1000;
  const perSecond = Math.round(rows / seconds);
  print({ way: "one transaction", rows, perSecond, idleMb, rssMbMax: await relay.rssMbMax() });
  await relay.stop();
} finally {
  await rig.stop();
}
