import { parseArgs } from "node:util";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import type { Delivery } from "./check/history.ts";
import type { FaultName } from "./plan/fault.ts";
import { FAULT_NAMES } from "./plan/fault-cards.ts";

const MINUTES_MAX = 24 * 60;
const MINUTES_MIN = 0.5;
const SEED_MAX = 2 ** 31;
const MAJORS: readonly PostgresMajor[] = [14, 15, 16, 17, 18];

export const USAGE = `Usage: npm run prove -- [options]

Runs two relays against real Postgres and Kafka servers, breaks everything again and again, and then compares
what Postgres committed with what Kafka holds.

  --minutes N      how long faults and load last, per run (default 5, from ${MINUTES_MIN})
  --seed N         repeats the faults and the load of a run (default: a fresh one, which is printed)
  --postgres LIST  majors to run on, one after the other, for example 14,18 (default 18)
  --brokers N      1 or 3 Kafka brokers (default 3)
  --faults LIST    only these, separated by commas (default: all)
  --delivery MODE  exactly-once (default), at-least-once, or both
  --record         adds the result to docs/proof-results.json
  --help           prints this

Faults:
  ${FAULT_NAMES.join(" ").replaceAll(/(.{60,80}) /g, "$1\n  ")}

Exit codes: 0 no violation; 1 violations, and the logs are kept; 2 usage; 130 interrupted.
`;

export interface ProveOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly majors: readonly PostgresMajor[];
  readonly brokers: 1 | 3;
  readonly faults: readonly FaultName[];
  readonly deliveries: readonly Delivery[];
  readonly isRecorded: boolean;
}

class UsageError extends Error {}

/** `freshSeed` is used where none is given. The problem is one line. */
export function parseProveOptions(
  argv: readonly string[],
  freshSeed: number,
): ProveOptions | "help" | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: "string", default: "5" },
        seed: { type: "string", default: String(freshSeed) },
        postgres: { type: "string", default: "18" },
        brokers: { type: "string", default: "3" },
        faults: { type: "string", default: FAULT_NAMES.join() },
        delivery: { type: "string", default: "exactly-once" },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    return {
      minutes: minutesOf(values.minutes),
      seed: seedOf(values.seed),
      majors: listOf("--postgres", values.postgres, MAJORS),
      brokers: oneOf("--brokers", values.brokers, [1, 3] as const),
      faults: listOf("--faults", values.faults, FAULT_NAMES),
      deliveries: deliveriesOf(values.delivery),
      isRecorded: values.record,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: message.split("\n", 1)[0] ?? message };
  }
}

function minutesOf(text: string): number {
  const minutes = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (minutes >= MINUTES_MIN && minutes <= MINUTES_MAX) return minutes;
  throw new UsageError(
    `--minutes takes a number from ${MINUTES_MIN} to ${MINUTES_MAX}, not "${text}"`,
  );
}

function seedOf(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (seed < SEED_MAX) return seed;
  throw new UsageError(`--seed takes a whole number below ${SEED_MAX}, not "${text}"`);
}

function deliveriesOf(text: string): readonly Delivery[] {
  const mode = oneOf("--delivery", text, ["exactly-once", "at-least-once", "both"] as const);
  return mode === "both" ? ["exactly-once", "at-least-once"] : [mode];
}

function listOf<T extends string | number>(
  flag: string,
  text: string,
  choices: readonly T[],
): readonly T[] {
  return [...new Set(text.split(",").map((part) => oneOf(flag, part.trim(), choices)))];
}

function oneOf<T extends string | number>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => String(candidate) === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`${flag} takes ${choices.join(", ")}, not "${text}"`);
}
