import type { Layer } from "./mutant.ts";
import type { Ended } from "./run-while-it-talks.ts";
import { runWhileItTalks } from "./run-while-it-talks.ts";

/** Longer than any layer takes for what it says next, on a machine with other work. */
const SILENT_MS = 600_000;
const SIMULATION = ["test/simulation/main.ts", "--seed", "1", "--runs", "400", "--bail"];
const HOSTILE = ["test/simulation/main.ts", ..."--hostile --seed 1 --runs 150 --bail".split(" ")];
const JEST = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  "node_modules/jest/bin/jest.js",
  "--bail",
];

export interface Verdict {
  /** The layer said that something is wrong, rather than failing to run. */
  readonly hasNoticed: boolean;
  /** What it said, shortened. */
  readonly finding: string;
  /** Of the simulated world that noticed it. */
  readonly seed: number | null;
}

export function layerName(layer: Layer): string {
  if (typeof layer === "string") return layer;
  return "unit" in layer ? `unit ${layer.unit}` : `integration ${layer.integration}`;
}

/** Whether it does without Postgres and Kafka. */
export function isQuick(layer: Layer): boolean {
  return typeof layer === "string" || "unit" in layer;
}

/** Runs one layer's checks on the copy in `folder`. */
export async function runLayer(layer: Layer, folder: string): Promise<Verdict> {
  if (typeof layer !== "string") return jestVerdict(await run(jestArguments(layer), folder));
  return simulationVerdict(await run(layer === "hostile" ? HOSTILE : SIMULATION, folder));
}

/** Runs the tests of several layers on sound source, in one run for each project; what they say where they are not content, or null. */
export async function alarmOfSoundTests(
  layers: readonly Layer[],
  folder: string,
): Promise<string | null> {
  for (const project of ["unit", "integration"] as const) {
    const patterns = layers.flatMap((layer) =>
      typeof layer === "object" && project in layer ? Object.values<string>(layer) : [],
    );
    if (patterns.length === 0) continue;
    const ended = await run(jestWords(project, new Set(patterns)), folder);
    if (ended.code !== 0) return jestVerdict(ended).finding;
  }
  return null;
}

function jestArguments(layer: Exclude<Layer, string>): string[] {
  return "unit" in layer
    ? jestWords("unit", [layer.unit])
    : jestWords("integration", [layer.integration]);
}

function jestWords(project: string, patterns: Iterable<string>): string[] {
  return [...JEST, "--selectProjects", project, "--testPathPatterns", ...patterns];
}

function run(argv: readonly string[], folder: string): Promise<Ended> {
  return runWhileItTalks(argv, folder, SILENT_MS);
}

function jestVerdict(ended: Ended): Verdict {
  return { ...verdict(ended, /● (.*)/), seed: null };
}

/** The seed stands behind what is said of its world, so that it is never cut off. */
function simulationVerdict(ended: Ended): Verdict {
  const seed = / again, step by step: .*--seed (\d+)/.exec(ended.output)?.[1];
  const { hasNoticed, finding } = verdict(ended, /^ {2}(\w+: .*)$/m);
  const hasWorld = seed !== undefined;
  return { hasNoticed: hasNoticed && hasWorld, finding, seed: hasWorld ? Number(seed) : null };
}

function verdict({ code, output }: Ended, pattern: RegExp): Omit<Verdict, "seed"> {
  const finding = pattern.exec(output)?.[1] ?? "";
  return { hasNoticed: code === 1 && finding !== "", finding: finding || output.slice(-800) };
}
