/**
 * From starting the process until it streams, with servers up and a slot that exists, as TypeScript (`src`) and as the image has it
 * (`dist`, after `npm run build`); then the resident set after half a minute of nothing to do, and the CPU of that time.
 * Usage: npx node bench/cold-start.ts [REPETITIONS]    (10 unless given)
 */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { print, Rig } from "./rig.ts";

const repetitions = Number(process.argv[2] ?? 10);
const IDLE_S = 30;
const PROGRAMS = ["src/main.ts", "dist/main.js"].filter((path) =>
  existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url))),
);

const rig = await Rig.start(12);
try {
  for (const program of PROGRAMS) await coldStarts(program);
} finally {
  await rig.stop();
}

async function coldStarts(program: string): Promise<void> {
  const timesMs: number[] = [];
  for (let i = 0; i < repetitions; i++) {
    const startedMs = performance.now();
    const relay = rig.relay({}, program);
    await relay.streaming();
    timesMs.push(Math.round(performance.now() - startedMs));
    await relay.stop();
  }
  timesMs.sort((a, b) => a - b);
  const relay = rig.relay({}, program);
  await relay.streaming();
  const before = await relay.cpuSeconds();
  await delay(IDLE_S * 1000);
  const cpuPercent = (((await relay.cpuSeconds()) - before) / IDLE_S) * 100;
  print({
    program,
    medianMs: timesMs[Math.floor(timesMs.length / 2)] ?? 0,
    longestMs: timesMs.at(-1) ?? 0,
    idleMbMax: await relay.rssMbMax(),
    idleCpuPercent: Number(cpuPercent.toFixed(1)),
  });
  await relay.stop();
}
