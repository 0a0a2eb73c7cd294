import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Layer } from "./mutant.ts";

const DEADLINE_MS = 600_000;
const OUTPUT_CHARACTERS_MAX = 20_000;
const SIMULATION = ["test/simulation/main.ts", "--seed", "1", "--runs", "400", "--bail"];
const HOSTILE = ["test/simulation/main.ts", ..."--hostile --seed 1 --runs 150 --bail".split(" ")];
const JEST = [
  "--experimental-vm-modules",
  "--disable-warning=ExperimentalWarning",
  "node_modules/jest/bin/jest.js",
  "--bail",
];

export interface Verdict {
  /** The layer ran to its end and found nothing. */
  readonly isClean: boolean;
  /** The layer said that something is wrong, rather than failing to run. */
  readonly hasNoticed: boolean;
  /** What it said, shortened. */
  readonly finding: string;
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
  const { code, output } = await run(argumentsOf(layer), folder);
  const pattern = typeof layer === "string" ? /^ {2}(\w+: .*)$/m : /● (.*)/;
  const finding = pattern.exec(output)?.[1] ?? "";
  return {
    isClean: code === 0,
    hasNoticed: code === 1 && finding !== "",
    finding: finding || output.slice(-800),
  };
}

function argumentsOf(layer: Layer): string[] {
  if (typeof layer === "string") return layer === "hostile" ? HOSTILE : SIMULATION;
  const [project, pattern] =
    "unit" in layer ? ["unit", layer.unit] : ["integration", layer.integration];
  return [...JEST, "--selectProjects", project, "--testPathPatterns", pattern];
}

async function run(
  argv: readonly string[],
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, argv, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARACTERS_MAX);
    });
  }
  await once(child, "exit");
  return { code: child.exitCode, output };
}
