import type { Bench } from "../bench.ts";
import { freshRun, unlessUnavailable, withPublisher } from "../bench.ts";
import type { World } from "../servers/world.ts";
import { produce } from "../systems/producer-perf.ts";
import type { Run, System } from "../systems/system.ts";
import { isPublisher, TITLES } from "../systems/system.ts";
import type { Drained } from "./drain-once.ts";
import { drainOnce, receiveOnce } from "./drain-once.ts";
import { orderOfTurn } from "./turns.ts";

/** A shorter drain shows how a system starts, not how fast it is. */
const TELLING_S = 2;

export interface DrainRow {
  readonly name: "drain" | "drain-small";
  readonly rows: number;
  readonly perTransaction: number;
  readonly runs: number;
}

/** One system in this row, and the slots of its runs, in front of the backlog. */
interface Lane {
  readonly system: System;
  readonly runs: readonly Run[];
}

/**
 * Every system reads the same backlog, each run from a slot of its own in front of it. Those that are a process for
 * each run take turns, forth and back, so that other load on the machine meets them alike; a Debezium keeps its worker for all its runs.
 * The first run of each is not counted: the JVM of the broker is cold as well, and compiles the code that it needs for it.
 */
export async function measureDrain(bench: Bench, row: DrainRow): Promise<void> {
  const lanes: Lane[] = [];
  for (const system of bench.systems) {
    if (system === "producer-perf" && row.name === "drain-small") continue; // It knows no transactions of rows.
    lanes.push({ system, runs: await slotsInFront(bench, row, system) });
  }
  bench.progress(`${row.name}: filling ${row.rows.toLocaleString("en")} rows`);
  await bench.world.fill(row.rows, row.perTransaction);
  const end = await endOfLog(bench.world);
  const inTurns = lanes.filter(({ system }) => !isJvm(system));
  for (let i = 0; i <= row.runs; i++) {
    for (const lane of orderOfTurn(inTurns, i)) await takeTurn(bench, row, lane, i, end);
  }
  for (const lane of lanes) if (isJvm(lane.system)) await drainWarm(bench, row, lane);
  for (const lane of lanes) {
    doubtShort(bench, row, lane.system);
    for (const run of lane.system === "producer-perf" ? [] : lane.runs) {
      await bench.world.dropSlot(run);
    }
  }
}

/** One more than is counted. */
async function slotsInFront(bench: Bench, row: DrainRow, system: System): Promise<Run[]> {
  const count = row.runs + 1;
  const runs = Array.from({ length: count }, () => freshRun(system));
  if (system === "producer-perf") return runs;
  bench.progress(`${row.name}: ${count} slots for ${TITLES[system]}`);
  for (const run of runs) {
    if (isPublisher(system)) await bench.world.createTopic(run);
    if (isPublisher(system) && !isJvm(system)) {
      await withPublisher(bench, system, (publisher) => publisher.prepare(run));
    } else await bench.world.createSlot(run);
  }
  return runs;
}

async function takeTurn(
  bench: Bench,
  row: DrainRow,
  lane: Lane,
  index: number,
  end: string,
): Promise<void> {
  const { system, runs } = lane;
  const run = runs[index] ?? "";
  if (isPublisher(system)) {
    await withPublisher(bench, system, async (publisher) =>
      keepRun(bench, row, lane, index, await drainOnce(bench.world, publisher, run, row.rows)),
    );
    return;
  }
  await unlessUnavailable(bench, system, async () => {
    const one =
      system === "recvlogical"
        ? await receiveOnce(bench.world, run, row.rows, end)
        : await produce(bench.world, row.rows, -1);
    keepRun(bench, row, lane, index, one);
  });
}

async function drainWarm(bench: Bench, row: DrainRow, lane: Lane): Promise<void> {
  const { system, runs } = lane;
  if (!isPublisher(system)) return;
  await withPublisher(bench, system, async (publisher) => {
    for (const [index, run] of runs.entries()) {
      const one = await drainOnce(bench.world, publisher, run, row.rows);
      keepRun(bench, row, lane, index, one);
    }
  });
}

/** Tells of a run, and counts it unless it is the first. */
function keepRun(bench: Bench, row: DrainRow, { system }: Lane, index: number, one: Drained): void {
  const isCold = index === 0;
  if (!isCold) keep(bench, row, system, one);
  bench.details.push({ row: row.name, system, isCold, turn: index, ...one });
  const shown = Math.round(one.perSecond).toLocaleString("en");
  const which = isCold ? "cold, not counted" : `${index}/${row.runs}`;
  bench.progress(`${row.name} ${TITLES[system]}: ${shown} events/s (${which})`);
}

function keep({ figures }: Bench, { name, rows }: DrainRow, system: System, one: Drained): void {
  const { perSecond, fromStartPerSecond, cpuSeconds, rssMb } = one;
  const perMillion = cpuSeconds === undefined ? undefined : (cpuSeconds * 1e6) / rows;
  const values = { perSecond, fromStartPerSecond, cpuSeconds: perMillion, rssMb };
  for (const [figure, value] of Object.entries(values)) {
    if (value !== undefined) figures.add(`${name}.${figure}`, system, value);
  }
}

function doubtShort({ figures, remarks }: Bench, { name, rows }: DrainRow, system: System): void {
  const rates = figures.turns(`${name}.perSecond`, system);
  const shortestS = rows / Math.max(...rates);
  if (rates.length === 0 || shortestS >= TELLING_S) return;
  remarks.add(
    `${name}, ${TITLES[system]}: a run took ${shortestS.toFixed(1)} s, too short for its rate to mean much; give more --rows`,
  );
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
