import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { System } from "./systems/system.ts";
import { isBefore, SYSTEMS } from "./systems/system.ts";

export const ROWS = ["drain", "drain-small", "latency", "memory"] as const;
export type RowName = (typeof ROWS)[number];

const COUNT_MAX = 100_000_000;
const BEFORE = SYSTEMS.filter(isBefore);

export const USAGE = `Usage: npm run bench [-- ROW ...] [options]

Measures the relay beside its limits and its rival, all on the same servers, and prints one table. Rows, all unless named:

  drain         a backlog in transactions of 100 rows: events/s, CPU, memory
  drain-small   the same in transactions of one row
  latency       from the commit to a read_committed consumer, at steady rates
  memory        at rest, while one transaction of many rows passes, and one row of 64 MB
  soak          alone: a mixed load for long, with memory, stalls and lag sampled each second

Options:

  --rows N         of the backlogs, and of the large transaction (defaults 500000, 200000, 1000000)
  --runs N         of each drain; the median counts (default 5)
  --rates LIST     events/s for latency (default 1000,10000)
  --seconds N      of each latency, of which the first 5 are dropped (default 25)
  --turns N        of each latency; the median counts (default 1)
  --rtt MS         added to each round trip between what is measured and the broker (default 0)
  --only LIST      of ${SYSTEMS.filter((one) => !isBefore(one)).join(",")}
  --before FOLDER  another checkout of the relay, built: before and before-at-least-once are its relays, which take turns
                   with those of this one; a line for each figure gives the ratio. --only takes these names as well
  --minutes N      of the soak (default 60)
  --json FILE      where the figures go (default: a file of its own in bench/results/)
  --help           prints this

BENCH_JAVA_HOME names a JDK, PG_BIN the folder with pg_recvlogical. The servers keep their data in /dev/shm where it
has room; TMPDIR names another folder.
Exit codes: 0 measured, goals missed included; 1 failure, or a soak that did not pass; 2 usage.
`;

export interface BenchOptions {
  readonly rows: readonly RowName[];
  readonly isSoak: boolean;
  /** Null: what each row has by default. */
  readonly rowCount: number | null;
  readonly runs: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly turns: number;
  readonly roundTripMs: number;
  readonly systems: readonly System[];
  /** The built program of the checkout to compare with; null without one. */
  readonly before: string | null;
  readonly minutes: number;
  readonly json: string | null;
}

const FLAGS = {
  rows: { type: "string" },
  runs: { type: "string", default: "5" },
  rates: { type: "string", default: "1000,10000" },
  seconds: { type: "string", default: "25" },
  rtt: { type: "string", default: "0" },
  turns: { type: "string", default: "1" },
  only: { type: "string" },
  before: { type: "string" },
  minutes: { type: "string", default: "60" },
  json: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The problem is one line that names the option. */
export function parseBenchOptions(
  argv: readonly string[],
): BenchOptions | "help" | { readonly problem: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: FLAGS,
      allowPositionals: true,
    });
    if (values.help) return "help";
    const isSoak = positionals.includes("soak");
    if (isSoak && positionals.length > 1) throw new Error("soak runs alone, without other rows");
    if (isSoak && values.before !== undefined) throw new Error("soak takes no --before");
    const named = isSoak ? [] : listOf("rows", positionals, ROWS);
    return {
      rows: named.length === 0 && !isSoak ? ROWS : named,
      isSoak,
      rowCount: values.rows === undefined ? null : whole("--rows", values.rows, 1_000, COUNT_MAX),
      runs: whole("--runs", values.runs, 1, 15),
      rates: values.rates.split(",").map((rate) => whole("--rates", rate, 1, 100_000)),
      seconds: whole("--seconds", values.seconds, 6, 3_600),
      turns: whole("--turns", values.turns, 1, 15),
      roundTripMs: whole("--rtt", values.rtt, 0, 1_000),
      systems: systemsOf(values.only, values.before !== undefined),
      before: values.before === undefined ? null : programOf(values.before),
      minutes: whole("--minutes", values.minutes, 1, 24 * 60),
      json: values.json ?? null,
    };
  } catch (error) {
    return {
      problem: (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "",
    };
  }
}

/** Those of another checkout are there when one is named, and one that is named is measured. */
function systemsOf(only: string | undefined, isCompared: boolean): readonly System[] {
  if (only === undefined) return SYSTEMS.filter((one) => isCompared || !isBefore(one));
  const systems = listOf("--only", only.split(","), SYSTEMS);
  const before = systems.find(isBefore);
  if (before !== undefined && !isCompared) {
    throw new Error(`--only: "${before}" is the relay of another checkout, which --before names`);
  }
  if (isCompared && before === undefined) {
    throw new Error(`--before: --only leaves out what it names; add ${BEFORE.join(" or ")}`);
  }
  return systems;
}

/** The program that a checkout has built. */
function programOf(checkout: string): string {
  const program = join(resolve(checkout), "dist/main.js");
  if (existsSync(program)) return program;
  throw new Error(
    `--before: there is no ${program}; in that checkout run \`npm ci\` and \`npm run build\``,
  );
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${name} takes a whole number from ${min} to ${max}, not "${text}"`);
}

function listOf<T extends string>(name: string, words: readonly string[], of: readonly T[]): T[] {
  return words.map((word) => {
    const found = of.find((one) => one === word);
    if (found === undefined) throw new Error(`${name}: "${word}" is none of ${of.join(", ")}`);
    return found;
  });
}
