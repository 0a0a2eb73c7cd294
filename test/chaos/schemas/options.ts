import { parseArgs } from "node:util";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import { minutesOf, UsageError, whole } from "../option-values.ts";

const SEED_MAX = 2 ** 31;
const SIDE_BY_SIDE_MAX = 4;
const MAJORS: readonly PostgresMajor[] = [14, 15, 16, 17, 18];

export const USAGE = `Usage: npm run schemas -- [options]

Draws worlds from a seed: outbox tables of every shape, publications, roles, and a sequence of writes and changes of the schema
with a relay that is started, stopped and killed. Then it compares what Postgres committed with what Kafka holds.

  --seed N         the first world's seed (default: a fresh one, which is printed)
  --minutes N      how long worlds are drawn (default 2)
  --postgres LIST  majors, of which each world takes one in turn (default 14,18)
  --world N        runs world N of the seed only, and prints all that was done in it
  --side-by-side N worlds at once, 1 to ${SIDE_BY_SIDE_MAX} (default 2)
  --no-shrink      keeps failed worlds as they are drawn
  --rules          prints the rules by which worlds are judged
  --record         adds the result to docs/proof-results.json
  --help           prints this

Exit codes: 0 every world held; 1 a world failed; 2 usage; 130 interrupted.
`;

export interface SchemasOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly majors: readonly PostgresMajor[];
  /** Null: as many as there is time for. */
  readonly world: number | null;
  readonly sideBySide: number;
  readonly isShrunk: boolean;
  readonly isRecorded: boolean;
}

/** `freshSeed` is used where none is given. The problem is one line. */
export function parseSchemasOptions(
  argv: readonly string[],
  freshSeed: number,
): SchemasOptions | "help" | "rules" | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: "string", default: String(freshSeed) },
        minutes: { type: "string", default: "2" },
        postgres: { type: "string", default: "14,18" },
        world: { type: "string" },
        "side-by-side": { type: "string", default: "2" },
        "no-shrink": { type: "boolean", default: false },
        rules: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    if (values.rules) return "rules";
    return {
      seed: whole("--seed", values.seed, 0, SEED_MAX - 1),
      minutes: minutesOf(values.minutes),
      majors: majorsOf(values.postgres),
      world: values.world === undefined ? null : whole("--world", values.world, 0, SEED_MAX - 1),
      sideBySide: whole("--side-by-side", values["side-by-side"], 1, SIDE_BY_SIDE_MAX),
      isShrunk: !values["no-shrink"],
      isRecorded: values.record,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: message.split("\n", 1)[0] ?? message };
  }
}

function majorsOf(text: string): readonly PostgresMajor[] {
  const majors = text.split(",").map((part) => {
    const major = MAJORS.find((one) => String(one) === part.trim());
    if (major === undefined) {
      throw new UsageError(`--postgres takes ${MAJORS.join(", ")}, not "${part}"`);
    }
    return major;
  });
  return [...new Set(majors)];
}
