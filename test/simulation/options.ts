import { parseArgs } from "node:util";
import { FAULT_NAMES } from "./world/nemesis.ts";

export const USAGE = `Usage: npm run simulate -- [--seed N] [--runs N] [--faults LIST] [--hostile [--minutes N]] [--trace] [--bail] [--record]

Runs the relay's real core and produce path under virtual time against a model Postgres and model brokers.
Each run is a world of its own from its own seed: --seed, --seed + 1, and so on.

  --seed N      the first seed; a fresh one, which is printed, unless given
  --runs N      how many worlds; 500 unless given, 1 with --trace
  --faults LIST only these, separated by commas: ${wrapped(FAULT_NAMES)}
  --hostile     brokers that answer any request with any error code, hang up, fall silent or answer in part, once, for a
                while or for as long as it takes: the relay goes on or names the cause, and ends when it is asked to
  --minutes N   goes on with fresh seeds for so long, instead of --runs
  --trace       prints every step of one run
  --bail        stops at the first world that fails
  --record      writes the figures into docs/proof-results.json
`;

export interface SimulateOptions {
  readonly seed: number;
  readonly runs: number;
  readonly faults: readonly string[];
  readonly isHostile: boolean;
  /** How long it goes on; null: until all runs are done. */
  readonly minutes: number | null;
  readonly isTrace: boolean;
  readonly isBail: boolean;
  readonly isRecord: boolean;
  readonly isHelp: boolean;
}

/** Reads the command line, or says what is wrong with it. */
export function parseOptions(
  argv: readonly string[],
): SimulateOptions | { readonly problem: string } {
  let values: ReturnType<typeof read>;
  try {
    values = read(argv);
  } catch (error) {
    return { problem: (error as Error).message };
  }
  const faults = (values.faults ?? "").split(",").filter((name) => name !== "");
  const unknown = faults.find((name) => !FAULT_NAMES.includes(name));
  if (unknown !== undefined) return { problem: `--faults: there is no fault "${unknown}"` };
  const isTrace = values.trace ?? false;
  const seed = wholeNumber(values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
  const runs = wholeNumber(values.runs ?? (isTrace ? "1" : "500"));
  if (seed === null) return { problem: "--seed takes a whole number" };
  if (runs === null || runs === 0) return { problem: "--runs takes a whole number above 0" };
  const minutes = values.minutes === undefined ? null : wholeNumber(values.minutes);
  if (values.minutes !== undefined && (minutes === null || minutes === 0))
    return { problem: "--minutes takes a whole number above 0" };
  if (isTrace && runs > 1) return { problem: "--trace shows one run" };
  return {
    seed,
    runs,
    faults,
    isHostile: values.hostile ?? false,
    minutes,
    isTrace,
    isBail: values.bail ?? false,
    isRecord: values.record ?? false,
    isHelp: values.help ?? false,
  };
}

function read(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      faults: { type: "string" },
      hostile: { type: "boolean" },
      minutes: { type: "string" },
      trace: { type: "boolean" },
      bail: { type: "boolean" },
      record: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  return values;
}

function wholeNumber(text: string): number | null {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : null;
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (let i = 0; i < names.length; i += 6) lines.push(names.slice(i, i + 6).join(", "));
  return lines.join(",\n                ");
}
