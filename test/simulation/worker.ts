import { parentPort, workerData } from "node:worker_threads";
import type { Share } from "./campaign.ts";
import { runHostile } from "./hostile/run-hostile.ts";
import { runWorld } from "./world/run-world.ts";

const { from, to, step, faults, isHostile } = workerData as Share;
for (let seed = from; seed < to; seed += step) {
  const result = isHostile ? await runHostile(seed) : await runWorld(seed, { only: faults });
  parentPort?.postMessage(result);
}
