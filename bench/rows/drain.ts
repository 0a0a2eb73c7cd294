import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import { freshRun, unlessUnavailable, withPublisher } from "../bench.ts";
import { median } from "../report/statistics.ts";
import type { Scan } from "../servers/kafka-side.ts";
import { cpuSeconds, forgetPeak, rssMbMax } from "../servers/processes.ts";
import type { World } from "../servers/world.ts";
import { produce } from "../systems/producer-perf.ts";
import { receive } from "../systems/recvlogical.ts";
import type { Publisher, Run, System } from "../systems/system.ts";
import { isPublisher, TITLES } from "../systems/system.ts";

const POLL_MS = 100;
/** So long without a further record is the end, if nothing is missing. */
const QUIET_MS = 1_500;
const STUCK_MS = 60_000;

export interface DrainRow {
  readonly name: "drain" | "drain-small";
  readonly rows: number;
  readonly perTransaction: number;
  readonly runs: number;
}

interface Drained {
  readonly perSecond: number;
  readonly cpuSeconds?: number;
  readonly rssMb?: number;
}

/** Every system reads the same backlog, each run from a slot of its own in front of it. */
export async function measureDrain(bench: Bench, row: DrainRow): Promise<void> {
  const slots = await slotsInFront(bench, row);
  bench.progress(`${row.name}: filling ${row.rows.toLocaleString("en")} rows`);
  await bench.world.fill(row.rows, row.perTransaction);
  for (const system of bench.systems) {
    const runs = slots.get(system) ?? [];
    if (isPublisher(system)) {
      await withPublisher(bench, system, (publisher) =>
        drainAll(bench, row, system, runs, (run) =>
          drainOnce(bench.world, publisher, run, row.rows),
        ),
      );
    } else if (system === "recvlogical") {
      const end = await endOfLog(bench.world);
      await unlessUnavailable(bench, system, () =>
        drainAll(bench, row, system, runs, (run) => receiveOnce(bench.world, run, row.rows, end)),
      );
    } else if (row.name === "drain") {
      await unlessUnavailable(bench, system, () =>
        drainAll(bench, row, system, runs, () => produce(bench.world, row.rows, -1)),
      );
    }
    for (const run of isPublisher(system) || system === "recvlogical" ? runs : []) {
      await bench.world.dropSlot(run).catch(() => undefined); // An unavailable system made none.
    }
  }
}

/** A Debezium has one run more: its JVM is cold in the first, which is kept apart. */
async function slotsInFront(bench: Bench, row: DrainRow): Promise<Map<System, Run[]>> {
  const slots = new Map<System, Run[]>();
  for (const system of bench.systems) {
    const count = row.runs + (isJvm(system) ? 1 : 0);
    const runs = Array.from({ length: count }, () => freshRun(system));
    slots.set(system, runs);
    bench.progress(`${row.name}: ${count} slots for ${TITLES[system]}`);
    for (const run of system === "producer-perf" ? [] : runs) {
      if (isPublisher(system)) await bench.world.createTopic(run);
      if (system === "relay" || system === "at-least-once") {
        await withPublisher(bench, system, (publisher) => publisher.prepare(run));
      } else await bench.world.createSlot(run);
    }
  }
  return slots;
}

async function drainAll(
  bench: Bench,
  row: DrainRow,
  system: System,
  runs: readonly Run[],
  once: (run: Run) => Promise<Drained>,
): Promise<void> {
  const all: Drained[] = [];
  for (const [index, run] of runs.entries()) {
    const drained = await once(run);
    const isCold = isJvm(system) && index === 0;
    if (!isCold) all.push(drained);
    bench.details.push({ row: row.name, system, isCold, ...drained });
    const shown = Math.round(drained.perSecond).toLocaleString("en");
    bench.progress(
      `${row.name} ${index + 1}/${runs.length} ${TITLES[system]}: ${shown}/s${isCold ? " (cold, not counted)" : ""}`,
    );
  }
  const keep = (name: string, values: readonly (number | undefined)[]): void => {
    const there = values.filter((value) => value !== undefined);
    if (there.length > 0) bench.figures.set(`${row.name}.${name}`, system, median(there));
  };
  keep(
    "perSecond",
    all.map(({ perSecond }) => perSecond),
  );
  keep(
    "cpuSeconds",
    all.map((one) => one.cpuSeconds && (one.cpuSeconds * 1e6) / row.rows),
  );
  keep(
    "rssMb",
    all.map(({ rssMb }) => rssMb),
  );
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
  await forgetPeak(running.pid);
  const cpuBefore = (await cpuSeconds(running.pid)) ?? 0;
  const { scan, cpuAtEnd } = await untilAllThere(world, topic, rows, running.pid);
  const rssMb = await rssMbMax(running.pid);
  await running.stop();
  await world.kafka.removeTopic(topic);
  const seconds = (scan.lastAppendMs - scan.firstAppendMs) / 1000;
  return { perSecond: rows / seconds, cpuSeconds: cpuAtEnd - cpuBefore, rssMb, scan };
}

async function untilAllThere(
  world: World,
  topic: string,
  rows: number,
  pid: number,
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
      if (scan.missing === 0) return { scan: verified(scan, topic), cpuAtEnd };
    }
    if (quietMs > STUCK_MS) throw new Error(`${topic} stands still at ${ends} of ${rows} records`);
    await delay(POLL_MS);
  }
}

/** Fast and wrong does not count. */
function verified(scan: Scan, topic: string): Scan {
  if (scan.duplicates + scan.outOfOrder + scan.foreign > 0) {
    throw new Error(`${topic} is not what was written: ${JSON.stringify(scan)}`);
  }
  return scan;
}

async function receiveOnce(world: World, slot: Run, rows: number, end: string): Promise<Drained> {
  const { seconds, cpuSeconds: cpu } = await receive(world, slot, end);
  return { perSecond: rows / seconds, cpuSeconds: cpu };
}

async function endOfLog({ client }: World): Promise<string> {
  const { rows } = await client.query<{ end: string }>(
    'select pg_current_wal_lsn()::text as "end"',
  );
  return rows[0]?.end ?? "";
}

function isJvm(system: System): boolean {
  return system === "debezium" || system === "debezium-eos";
}
