import type { BenchRelay } from "../rig.ts";
import { cpuSeconds, forgetPeak, rssMbMax } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import { RelayPublisher } from "../systems/relay-publisher.ts";
import type { Point } from "./points.ts";

export interface PointRun {
  /** From the start of the stream until the last event is durable. */
  readonly perSecond: number;
  readonly cpuPerMillion: number;
  readonly rssMb: number;
}

let count = 0;

/** Drains of one point, the first of which is not among the answers: with it the brokers and the topics are cold. */
export async function drainPoint(world: World, point: Point, runs: number): Promise<PointRun[]> {
  const publisher = new RelayPublisher(world, point.settings);
  const names = Array.from({ length: runs + 1 }, () => `sweep_${count++}`);
  for (const name of names) {
    for (const topic of topicsOf(name, point))
      await world.kafka.createTopic(topic, point.partitions, []);
    await publisher.prepare(name);
  }
  await world.fill(point.rows, point.perTransaction, point.payloadBytes, point.topics);
  const drained: PointRun[] = [];
  for (const name of names) {
    drained.push(await drain(publisher.start(name), point));
    for (const topic of topicsOf(name, point)) await world.kafka.removeTopic(topic);
    await world.dropSlot(name);
  }
  return drained.slice(1);
}

function topicsOf(run: string, { topics }: Point): string[] {
  if (topics === 1) return [`${run}.order`];
  return Array.from({ length: topics }, (_, n) => `${run}.order${n}`);
}

async function drain(relay: BenchRelay, { rows }: Point): Promise<PointRun> {
  await relay.streaming();
  const startedMs = performance.now();
  await forgetPeak(relay.pid);
  const cpuBefore = (await cpuSeconds(relay.pid)) ?? 0;
  await relay.untilPublished(rows);
  const ms = performance.now() - startedMs;
  const cpu = ((await cpuSeconds(relay.pid)) ?? 0) - cpuBefore;
  const rssMb = await rssMbMax(relay.pid);
  await relay.stop();
  return { perSecond: (rows * 1000) / ms, cpuPerMillion: (cpu * 1e6) / rows, rssMb };
}
