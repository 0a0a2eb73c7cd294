import { parentPort, workerData } from "node:worker_threads";
import type { Share } from "./campaign.ts";
import { runWorld } from "./world/run-world.ts";

const { from, to, step, faults } = workerData as Share;
for (let seed = from; seed < to; seed += step) {
  parentPort?.postMessage(await runWorld(seed, { only: faults }));
}
