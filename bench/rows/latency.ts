import type { Bench } from "../bench.ts";
import { freshRun, unlessUnavailable, withPublisher } from "../bench.ts";
import type { Latency } from "../servers/kafka-side.ts";
import { cpuSeconds } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import { produce } from "../systems/producer-perf.ts";
import type { Publisher, PublisherName, Run, System } from "../systems/system.ts";
import { isBefore, isOwnRelay, isPublisher, TITLES } from "../systems/system.ts";
import { untilThere } from "./drain-once.ts";
import { orderOfTurn } from "./turns.ts";

/** Before anything is measured, at the highest rate: the broker and the consumer compile for a minute and more. */
const SERVERS_REHEARSAL_S = 90;
/** At the same rate, before the consumer looks: a JVM, and a Node, is slow in its first seconds. */
const REHEARSAL_S = 15;
const WARM_UP_S = 5;
/** Above this a publisher does not keep up: what is measured is its queue. */
const BEHIND_MS = 1_000;
/** For what was committed last to arrive, and for a publisher that is behind. */
const REST_S = 30;
const LINGER_RATE = 1_000;

export interface LatencyRow {
  readonly rates: readonly number[];
  readonly seconds: number;
  /** How often each system is measured at a rate; the median counts. */
  readonly turns: number;
}

interface Load {
  readonly rate: number;
  readonly seconds: number;
}

interface Turn extends Load {
  /** From 0. */
  readonly turn: number;
}

/** From the commit to a read_committed consumer, for each system at each rate, and once without linger. */
export async function measureLatency(bench: Bench, row: LatencyRow): Promise<void> {
  const { rates, seconds, turns } = row;
  await rehearse(bench, Math.max(...rates));
  for (const rate of rates) {
    const prefix = `latency.${rate}`;
    for (let turn = 0; turn < turns; turn++) {
      for (const system of orderOfTurn(bench.systems, turn)) {
        if (isPublisher(system)) await ofPublisher(bench, system, prefix, { rate, seconds, turn });
        else if (system === "producer-perf")
          await ofProducer(bench, prefix, { rate, seconds, turn });
      }
    }
  }
  if (rates.includes(LINGER_RATE)) await measureWithoutLinger(bench, row);
}

/** For the relays alone. */
async function measureWithoutLinger(bench: Bench, { seconds, turns }: LatencyRow): Promise<void> {
  const relays = bench.systems.filter((one) => isOwnRelay(one) || isBefore(one));
  const settings = { RELAY_BATCH_LINGER: "0" };
  for (let turn = 0; turn < turns; turn++) {
    for (const system of orderOfTurn(relays, turn)) {
      const load = { rate: LINGER_RATE, seconds, turn };
      await ofPublisher(bench, system, `latency.${LINGER_RATE}.linger0`, load, settings);
    }
  }
}

async function rehearse(bench: Bench, rate: number): Promise<void> {
  bench.progress(`latency: warming the servers up, ${SERVERS_REHEARSAL_S} s`);
  await withPublisher(bench, "relay", async (publisher) => {
    await once(bench.world, publisher, freshRun("relay"), { rate, seconds: SERVERS_REHEARSAL_S });
  });
}

async function ofPublisher(
  bench: Bench,
  system: PublisherName,
  prefix: string,
  load: Turn,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const work = async (publisher: Publisher): Promise<void> => {
    const measured = await once(bench.world, publisher, freshRun(system), load);
    bench.details.push({ row: prefix, system, ...load, ...measured });
    for (const doubt of doubts(measured, load)) {
      bench.remarks.add(`${prefix}, ${TITLES[system]}: ${doubt}`);
    }
    keep(bench, prefix, system, measured);
    const perMillion = (measured.cpuSeconds * 1e6) / (load.rate * load.seconds);
    bench.figures.add(`${prefix}.cpuSeconds`, system, perMillion);
  };
  await withPublisher(bench, system, work, settings);
}

/** Kafka's own producer has no commit: from send to acknowledgement. */
async function ofProducer(bench: Bench, prefix: string, load: Turn): Promise<void> {
  const { rate, seconds } = load;
  await unlessUnavailable(bench, "producer-perf", async () => {
    const produced = await produce(bench.world, rate * seconds, rate);
    bench.details.push({ row: prefix, system: "producer-perf", ...load, ...produced });
    keep(bench, prefix, "producer-perf", produced);
  });
}

async function once(
  world: World,
  publisher: Publisher,
  run: Run,
  { rate, seconds }: Load,
): Promise<Latency & { cpuSeconds: number }> {
  const topic = await world.createTopic(run);
  await world.client.query("truncate public.outbox");
  await publisher.prepare(run);
  const running = await publisher.begin(run);
  await world.pace(rate, REHEARSAL_S);
  await untilThere(world, topic, { rows: rate * REHEARSAL_S, pid: running.pid });
  const { result } = await world.kafka.latency(topic, {
    rows: rate * seconds,
    seconds: seconds + REST_S,
    warmUp: WARM_UP_S,
  });
  const cpuBefore = (await cpuSeconds(running.pid)) ?? 0;
  await world.pace(rate, seconds);
  const latency = await result;
  const cpu = ((await cpuSeconds(running.pid)) ?? 0) - cpuBefore;
  await running.stop();
  await world.dropSlot(run);
  await world.kafka.removeTopic(topic);
  return { ...latency, cpuSeconds: cpu };
}

/** What makes a figure mean little. */
function doubts({ received, perSecond, p50Ms }: Latency, { rate, seconds }: Load): string[] {
  const found: string[] = [];
  const all = rate * seconds;
  if (received < all) found.push(`only ${received} of ${all} events arrived in time`);
  if (p50Ms > BEHIND_MS) {
    found.push("it does not keep up, so this is its queue, and a ratio to it means little");
  }
  if (received === all && perSecond < rate * 0.95) {
    found.push(`only ${Math.round(perSecond)} events/s were committed: the machine is too busy`);
  }
  return found;
}

function keep(
  { figures, progress }: Bench,
  prefix: string,
  system: System,
  { p50Ms, p99Ms, p999Ms }: Pick<Latency, "p50Ms" | "p99Ms" | "p999Ms">,
): void {
  for (const [name, value] of Object.entries({ p50Ms, p99Ms, p999Ms })) {
    figures.add(`${prefix}.${name}`, system, value);
  }
  progress(`${prefix} ${TITLES[system]}: p50 ${p50Ms} ms, p99 ${p99Ms} ms, p99.9 ${p999Ms} ms`);
}
