import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import { freshRun, withPublisher } from "../bench.ts";
import { cpuSeconds, rssMb } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import type { Publisher, PublisherName, Run } from "../systems/system.ts";
import { isBefore, isOwnRelay, isPublisher, TITLES } from "../systems/system.ts";
import { drainOnce } from "./drain-once.ts";

const SETTLE_MS = 5_000;
const IDLE_S = 20;

/** One row of this many bytes; its topic takes a tenth more. */
const LARGE_ROW_BYTES = 64e6;
const LARGE_TOPIC = [`max.message.bytes=${LARGE_ROW_BYTES * 1.1}`];

/** At rest: with a slot and nothing to do. Then one transaction of `rows` rows, and for the relay one row of 64 MB. */
export async function measureMemory(bench: Bench, rows: number): Promise<void> {
  for (const system of bench.systems.filter(isPublisher)) {
    await withPublisher(bench, system, async (publisher) => {
      await ofOne(bench, system, publisher, rows);
      if (isOwnRelay(system) || isBefore(system)) await ofLargeRow(bench, system, publisher);
    });
  }
}

/** A Debezium would need other settings for it. */
async function ofLargeRow(
  { world, figures, progress, details }: Bench,
  system: PublisherName,
  publisher: Publisher,
): Promise<void> {
  const run = freshRun(system);
  await world.createTopic(run, LARGE_TOPIC);
  await publisher.prepare(run);
  await world.fill(1, 1, LARGE_ROW_BYTES);
  const large = await drainOnce(world, publisher, run, 1);
  await world.dropSlot(run);
  details.push({ row: "memory", system, large });
  if (large.rssMb !== undefined) figures.add("largeRow.rssMb", system, large.rssMb);
  progress(`memory ${TITLES[system]}: ${large.rssMb} MB for one row of 64 MB`);
}

async function ofOne(
  { world, figures, progress, details }: Bench,
  system: PublisherName,
  publisher: Publisher,
  rows: number,
): Promise<void> {
  const atRest = freshRun(system);
  await prepared(world, publisher, atRest);
  const idle = await idleFigures(publisher, atRest);
  await world.dropSlot(atRest);
  figures.add("idle.rssMb", system, idle.rssMb);
  figures.add("idle.cpuPercent", system, idle.cpuPercent);
  progress(`memory ${TITLES[system]}: ${idle.rssMb} MB and ${idle.cpuPercent.toFixed(1)} % idle`);
  const run = freshRun(system);
  await prepared(world, publisher, run);
  await world.fill(rows, rows);
  const big = await drainOnce(world, publisher, run, rows);
  await world.dropSlot(run);
  details.push({ row: "memory", system, idle, big });
  figures.add("big.perSecond", system, big.perSecond);
  if (big.rssMb !== undefined) figures.add("big.rssMb", system, big.rssMb);
  progress(`memory ${TITLES[system]}: ${big.rssMb} MB for one transaction of ${rows} rows`);
}

async function prepared(world: World, publisher: Publisher, run: Run): Promise<void> {
  await world.createTopic(run);
  await publisher.prepare(run);
}

async function idleFigures(
  publisher: Publisher,
  run: Run,
): Promise<{ rssMb: number; cpuPercent: number }> {
  const running = await publisher.begin(run);
  await delay(SETTLE_MS);
  const before = (await cpuSeconds(running.pid)) ?? 0;
  await delay(IDLE_S * 1000);
  const spent = ((await cpuSeconds(running.pid)) ?? 0) - before;
  const figures = { rssMb: await rssMb(running.pid), cpuPercent: (spent * 100) / IDLE_S };
  await running.stop();
  return figures;
}
