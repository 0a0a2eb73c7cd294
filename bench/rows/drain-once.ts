import { setTimeout as delay } from "node:timers/promises";
import type { Scan } from "../servers/kafka-side.ts";
import { cpuSeconds, forgetPeak, rssMbMax } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import { receive } from "../systems/recvlogical.ts";
import type { Publisher, Run } from "../systems/system.ts";

const POLL_MS = 100;
/** So long without a further record is the end, if nothing is missing. */
const QUIET_MS = 1_500;
const STUCK_MS = 60_000;

export interface Drained {
  /** Between the first and the last record. */
  readonly perSecond: number;
  /** From the start of the stream to the last record: what was read ahead of the first record counts. */
  readonly fromStartPerSecond?: number;
  readonly cpuSeconds?: number;
  readonly rssMb?: number;
}

/** From the first to the last record, by the broker's clock; CPU until the last one. */
export async function drainOnce(
  world: World,
  publisher: Publisher,
  run: Run,
  rows: number,
): Promise<Drained & { scan: Scan }> {
  const topic = `${run}.order`;
  const running = await publisher.begin(run);
  const startedMs = Date.now();
  await forgetPeak(running.pid);
  const cpuBefore = (await cpuSeconds(running.pid)) ?? 0;
  const { scan, cpuAtEnd } = await untilThere(world, topic, { rows, pid: running.pid });
  if (scan.missing + scan.duplicates + scan.outOfOrder + scan.foreign > 0) {
    // Fast and wrong does not count.
    throw new Error(`${topic} is not what was written: ${JSON.stringify(scan)}`);
  }
  const rssMb = await rssMbMax(running.pid);
  await running.stop();
  await world.kafka.removeTopic(topic);
  const perSecond = perSecondOf(rows, scan.lastAppendMs - scan.firstAppendMs);
  // That it has begun may show only after its first record.
  const fromMs = Math.min(startedMs, scan.firstAppendMs);
  const fromStartPerSecond = perSecondOf(rows, scan.lastAppendMs - fromMs);
  return { perSecond, fromStartPerSecond, cpuSeconds: cpuAtEnd - cpuBefore, rssMb, scan };
}

function perSecondOf(rows: number, ms: number): number {
  return (rows * 1000) / ms;
}

/** Resolves when a topic has `rows` records and no more come; with the CPU of a process when the last one came. */
export async function untilThere(
  world: World,
  topic: string,
  { rows, pid }: { readonly rows: number; readonly pid: number },
): Promise<{ scan: Scan; cpuAtEnd: number }> {
  let [ends, changedMs, cpuAtEnd] = [0, performance.now(), 0];
  for (;;) {
    const now = await world.kafka.ends(topic);
    if (now !== ends) {
      [ends, changedMs] = [now, performance.now()];
      cpuAtEnd = (await cpuSeconds(pid)) ?? cpuAtEnd;
    }
    const quietMs = performance.now() - changedMs;
    // Markers count as well, so that only reading tells whether all are there.
    if (ends >= rows && quietMs > QUIET_MS) {
      const scan = await world.kafka.scan(topic, rows);
      if (scan.records >= rows) return { scan, cpuAtEnd };
    }
    if (quietMs > STUCK_MS) throw new Error(`${topic} stands still at ${ends} of ${rows} records`);
    await delay(POLL_MS);
  }
}

/** The same for the stream alone: from its first write to its last one. */
export async function receiveOnce(
  world: World,
  slot: Run,
  rows: number,
  end: string,
): Promise<Drained> {
  const { ms, fromStartMs, cpuSeconds: cpu } = await receive(world, slot, end);
  return {
    perSecond: perSecondOf(rows, ms),
    fromStartPerSecond: perSecondOf(rows, fromStartMs),
    cpuSeconds: cpu,
  };
}
