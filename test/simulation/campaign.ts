import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { HostileTally } from "./hostile/tally.ts";
import { addTally, tallyText } from "./hostile/tally.ts";
import type { SimulateOptions } from "./options.ts";
import { recordSimulation } from "./record.ts";
import type { WorldResult } from "./world/run-world.ts";

const WORKER = new URL("./worker.ts", import.meta.url);
const PROGRESS_RUNS = 50;
const SHOWN_MAX = 10;
/** More worlds than any machine gets through, and more findings than anybody reads. */
const RUNS_MAX = 1_000_000;
const FAILED_MAX = 200;

export interface CampaignTotals {
  runs: number;
  crashes: number;
  rows: number;
  events: number;
  virtualMs: number;
  /** Of worlds with hostile brokers only. */
  hostile: HostileTally | null;
  readonly failed: WorldResult[];
}

/** What a worker is told: seeds `from`, `from + step`, ... below `to`. */
export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly faults: readonly string[];
  readonly isHostile: boolean;
}

/** Runs the worlds on all cores, shows how it goes, and returns the exit code. */
export async function runCampaign(options: SimulateOptions): Promise<number> {
  const startedMs = performance.now();
  const { minutes } = options;
  const many = minutes === null ? `${options.runs} worlds` : `${minutes} minutes of worlds`;
  process.stdout.write(`${many} from seed ${options.seed}\n`);
  let shown = 0;
  const totals = await simulate(options, (done) => {
    // At once: a long run is looked at while it goes on.
    for (const result of done.failed.slice(shown, SHOWN_MAX)) show(result, options);
    shown = done.failed.length;
    if (done.runs % PROGRESS_RUNS === 0)
      process.stdout.write(`${done.runs} worlds, ${done.crashes} crashes\n`);
  });
  const seconds = (performance.now() - startedMs) / 1000;
  if (totals.failed.length > 0)
    process.stdout.write(`failed: ${totals.failed.map(({ seed }) => seed).join(", ")}\n`);
  if (totals.hostile !== null) process.stdout.write(`${tallyText(totals.hostile)}\n`);
  process.stdout.write(
    `${totals.runs} worlds, ${totals.crashes} crashes, ${totals.rows} rows, ${totals.events} events, ` +
      `${(totals.virtualMs / 3_600_000).toFixed(1)} h of virtual time in ${seconds.toFixed(0)} s: ` +
      `${totals.failed.length} failed\n`,
  );
  if (options.isRecord) await recordSimulation(options, totals);
  return totals.failed.length === 0 ? 0 : 1;
}

export type CampaignOptions = Pick<SimulateOptions, "seed" | "runs" | "faults"> &
  Partial<Pick<SimulateOptions, "isBail" | "isHostile" | "minutes">>;

/** All worlds, shared among workers. */
export async function simulate(
  { seed, runs, faults, isBail = false, isHostile = false, minutes = null }: CampaignOptions,
  progress: (totals: CampaignTotals) => void = () => undefined,
): Promise<CampaignTotals> {
  const totals: CampaignTotals = {
    runs: 0,
    crashes: 0,
    rows: 0,
    events: 0,
    virtualMs: 0,
    hostile: null,
    failed: [],
  };
  const to = seed + (minutes === null ? runs : RUNS_MAX);
  const endsAtMs = minutes === null ? Infinity : performance.now() + minutes * 60_000;
  const step = Math.min(availableParallelism(), runs);
  const shares = Array.from(
    { length: step },
    (_, i): Share => ({ from: seed + i, to, step, faults, isHostile }),
  );
  await Promise.all(
    shares.map((share) =>
      work(share, (result) => {
        add(totals, result);
        progress(totals);
        const isOver = performance.now() > endsAtMs || totals.failed.length >= FAILED_MAX;
        return !isOver && !(isBail && totals.failed.length > 0);
      }),
    ),
  );
  totals.failed.sort((a, b) => a.seed - b.seed);
  return totals;
}

/** `done` tells whether to go on. */
function work(share: Share, done: (result: WorldResult) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: share });
    let isOver = false;
    worker.on("message", (result: WorldResult) => {
      isOver ||= !done(result);
      if (isOver) void worker.terminate();
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (code === 0 || isOver) resolve();
      else reject(new Error(`a worker ended with ${code}`));
    });
  });
}

function add(totals: CampaignTotals, result: WorldResult): void {
  totals.runs += 1;
  totals.crashes += result.crashes;
  totals.rows += result.rows;
  totals.events += result.events;
  totals.virtualMs += result.virtualMs;
  if ("tally" in result) totals.hostile = addTally(totals.hostile, result.tally as HostileTally);
  if (result.violations.length > 0) totals.failed.push(result);
}

function show(
  { seed, plan, violations }: WorldResult,
  { faults, isHostile }: Pick<SimulateOptions, "faults" | "isHostile">,
): void {
  process.stdout.write(`seed ${seed} failed: ${JSON.stringify(plan)}\n`);
  for (const { letter, text } of violations) process.stdout.write(`  ${letter}: ${text}\n`);
  const hostile = isHostile ? " --hostile" : "";
  const only = faults.length === 0 ? hostile : `${hostile} --faults ${faults.join(",")}`;
  process.stdout.write(
    `  again, step by step: npm run simulate -- --seed ${seed}${only} --trace\n`,
  );
}
