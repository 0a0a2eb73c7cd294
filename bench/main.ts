/** `npm run bench`: one table of the relay beside its limits and its rival; `npm run bench -- --help`. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Bench } from "./bench.ts";
import type { BenchOptions } from "./options.ts";
import { parseBenchOptions, USAGE } from "./options.ts";
import { Figures } from "./report/figures.ts";
import { judge, renderVerdicts } from "./report/goals.ts";
import { renderTable } from "./report/table.ts";
import { measureDrain } from "./rows/drain.ts";
import { measureLatency } from "./rows/latency.ts";
import { measureMemory } from "./rows/memory.ts";
import { World } from "./servers/world.ts";
import { TITLES } from "./systems/system.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DRAIN_ROWS = 500_000;
const SMALL_ROWS = 200_000;
const BIG_ROWS = 1_000_000;

const options = parseBenchOptions(process.argv.slice(2));
if (options === "help") process.stdout.write(USAGE);
else if ("problem" in options) {
  process.stderr.write(`${options.problem}\n\n${USAGE}`);
  process.exitCode = 2;
} else await measure(options);

async function measure(chosen: BenchOptions): Promise<void> {
  progress("building the relay, starting the servers");
  await promisify(execFile)("npm", ["run", "-s", "build"], { cwd: ROOT });
  const bench: Bench = {
    world: await World.start(chosen.roundTripMs),
    figures: new Figures(),
    systems: chosen.systems,
    notes: new Map(),
    details: [],
    progress,
  };
  try {
    await rows(bench, chosen);
  } finally {
    await bench.world.stop();
  }
  await report(bench, chosen);
}

async function rows(bench: Bench, { rows, rowCount, runs, rates, seconds }: BenchOptions) {
  const wants = new Set(rows);
  const small = { name: "drain-small", perTransaction: 1, runs } as const;
  const large = { name: "drain", perTransaction: 100 } as const;
  if (wants.has("drain"))
    await measureDrain(bench, { ...large, runs, rows: rowCount ?? DRAIN_ROWS });
  if (wants.has("drain-small"))
    await measureDrain(bench, { ...small, rows: rowCount ?? SMALL_ROWS });
  if (wants.has("latency")) await measureLatency(bench, { rates, seconds });
  if (!wants.has("memory")) return;
  // Alone it needs one drain for the memory while draining.
  if (!wants.has("drain"))
    await measureDrain(bench, { ...large, runs: 1, rows: rowCount ?? DRAIN_ROWS });
  await measureMemory(bench, rowCount ?? BIG_ROWS);
}

async function report(bench: Bench, chosen: BenchOptions): Promise<void> {
  const { figures, notes, details } = bench;
  const verdicts = judge(figures, chosen.roundTripMs);
  const missing = [...notes].map(([system, why]) => `${TITLES[system]}: ${why}\n`).join("");
  process.stdout.write(
    `\n${renderTable(figures, chosen.systems)}\n${missing}${renderVerdicts(verdicts)}`,
  );
  const machine = {
    cpus: cpus().map(({ model }) => model),
    memoryBytes: totalmem(),
    kernel: release(),
  };
  const at = new Date().toISOString();
  const file = resolve(
    chosen.json ?? join(ROOT, "bench/results", `${at.replaceAll(":", "-")}.json`),
  );
  await mkdir(dirname(file), { recursive: true });
  const content = { at, machine, options: chosen, figures, verdicts, notes: [...notes], details };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
  progress(`figures: ${file}`);
}

function progress(line: string): void {
  const seconds = Math.round(performance.now() / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}
