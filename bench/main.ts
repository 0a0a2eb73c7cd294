/** `npm run bench`: one table of the relay beside its limits and its rival; `npm run bench -- --help`. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Bench } from "./bench.ts";
import type { BenchOptions } from "./options.ts";
import { parseBenchOptions, USAGE } from "./options.ts";
import { compare, renderComparisons } from "./report/comparison.ts";
import { Figures } from "./report/figures.ts";
import { judge, renderVerdicts } from "./report/goals.ts";
import { machineRemarks, renderRemarks } from "./report/machine.ts";
import { renderTable } from "./report/table.ts";
import { measureDrain } from "./rows/drain.ts";
import { measureLatency } from "./rows/latency.ts";
import { measureMemory } from "./rows/memory.ts";
import { useDataFolder } from "./servers/data-folder.ts";
import { World } from "./servers/world.ts";
import { soak } from "./soak/soak.ts";
import { renderSoak } from "./soak/verdict.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DRAIN_ROWS = 500_000;
const SMALL_ROWS = 200_000;
const BIG_ROWS = 1_000_000;
/** Old rows, segments and WAL go while it runs. */
const SOAK_ROWS = 2_000_000;

const options = parseBenchOptions(process.argv.slice(2));
if (options === "help") process.stdout.write(USAGE);
else if ("problem" in options) {
  process.stderr.write(`${options.problem}\n\n${USAGE}`);
  process.exitCode = 2;
} else if (options.isSoak) await runSoak(options);
else await measure(options);

/** `rows`: the most that a row of the table writes. */
async function build(rows: number): Promise<void> {
  const folder = await useDataFolder(rows);
  progress(`building the relay, starting the servers with their data in ${folder}`);
  await promisify(execFile)("npm", ["run", "-s", "build"], { cwd: ROOT });
}

async function runSoak({ minutes, roundTripMs, json }: BenchOptions): Promise<void> {
  const remarks = await machineRemarks();
  await build(SOAK_ROWS);
  const world = await World.start(roundTripMs);
  try {
    const result = await soak(world, minutes, progress);
    process.stdout.write(`\n${renderRemarks(remarks)}${renderSoak(result.verdict)}`);
    if (result.verdict.problems.length > 0) process.exitCode = 1;
    await save("soak-", json, { minutes, roundTripMs, remarks, ...result });
  } finally {
    await world.stop();
  }
}

async function measure(chosen: BenchOptions): Promise<void> {
  const remarks = new Set(await machineRemarks());
  await build(chosen.rowCount ?? BIG_ROWS);
  const bench: Bench = {
    world: await World.start(chosen.roundTripMs),
    figures: new Figures(),
    systems: chosen.systems,
    before: chosen.before,
    remarks,
    details: [],
    progress,
  };
  try {
    if (chosen.roundTripMs > 0) {
      progress(`a round trip takes ${bench.world.addedMs.toFixed(1)} ms longer, measured`);
    }
    await rows(bench, chosen);
  } finally {
    await bench.world.stop();
    await report(bench, chosen); // After a failure: what there is.
  }
}

async function rows(bench: Bench, chosen: BenchOptions): Promise<void> {
  const { rows, rowCount, runs, rates, seconds, turns } = chosen;
  const wants = new Set(rows);
  const small = { name: "drain-small", perTransaction: 1, runs } as const;
  const large = { name: "drain", perTransaction: 100 } as const;
  if (wants.has("drain"))
    await measureDrain(bench, { ...large, runs, rows: rowCount ?? DRAIN_ROWS });
  if (wants.has("drain-small"))
    await measureDrain(bench, { ...small, rows: rowCount ?? SMALL_ROWS });
  if (wants.has("latency")) await measureLatency(bench, { rates, seconds, turns });
  if (!wants.has("memory")) return;
  // Alone it needs one drain for the memory while draining.
  if (!wants.has("drain"))
    await measureDrain(bench, { ...large, runs: 1, rows: rowCount ?? DRAIN_ROWS });
  await measureMemory(bench, rowCount ?? BIG_ROWS);
}

async function report(bench: Bench, chosen: BenchOptions): Promise<void> {
  const { figures, remarks, details } = bench;
  const { addedMs } = bench.world;
  const verdicts = judge(figures, addedMs);
  const comparisons = compare(figures);
  const parts = [
    renderTable(figures, chosen.systems),
    renderComparisons(comparisons),
    renderRemarks(remarks),
    renderVerdicts(verdicts),
  ];
  process.stdout.write(`\n${parts.filter((part) => part !== "").join("\n")}`);
  const judged = { figures, verdicts, comparisons, remarks: [...remarks] };
  const content = { options: chosen, addedMs, ...judged, details };
  await save("", chosen.json, content);
}

/** With the time and the machine; to `json`, or to a file of its own in bench/results/. */
async function save(prefix: string, json: string | null, content: object): Promise<void> {
  const at = new Date().toISOString();
  const machine = {
    cpus: cpus().map(({ model }) => model),
    memoryBytes: totalmem(),
    loadAtEnd: loadavg(),
    kernel: release(),
    node: process.version,
  };
  const name = `${prefix}${at.replaceAll(":", "-")}.json`;
  const file = resolve(json ?? join(ROOT, "bench/results", name));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ at, machine, ...content }, null, 2)}\n`);
  progress(`figures: ${file}`);
}

function progress(line: string): void {
  const seconds = Math.round(performance.now() / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}
