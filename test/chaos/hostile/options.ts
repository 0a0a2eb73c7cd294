import { parseArgs } from "node:util";
import { minutesOf, whole } from "../option-values.ts";

const SEED_MAX = 2 ** 31;
const SIDE_BY_SIDE_MAX = 4;

export const USAGE = `Usage: npm run hostile -- [options]

Draws worlds from a seed: a relay between a real Postgres and a real Kafka broker, and a proxy in front of the broker that
answers requests in its place, changes its answers, hangs up, answers late or not at all. While that lasts the relay goes on
or names the cause, and ends when it is asked to; once it is over, all rows are at Kafka exactly once and in order.

  --seed N         the first world's seed (default: a fresh one, which is printed)
  --minutes N      how long worlds are drawn (default 2)
  --world N        runs world N of the seed only, and prints all that was done in it
  --side-by-side N worlds at once, 1 to ${SIDE_BY_SIDE_MAX} (default 2)
  --causes         prints in the end what relays showed for which request and hostility
  --record         adds the result to docs/proof-results.json
  --help           prints this

Exit codes: 0 every world held; 1 a world failed; 2 usage; 130 interrupted.
`;

export interface HostileOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Null: as many as there is time for. */
  readonly world: number | null;
  readonly sideBySide: number;
  readonly printsCauses: boolean;
  readonly isRecorded: boolean;
}

/** `freshSeed` is used where none is given. The problem is one line. */
export function parseHostileOptions(
  argv: readonly string[],
  freshSeed: number,
): HostileOptions | "help" | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: "string", default: String(freshSeed) },
        minutes: { type: "string", default: "2" },
        world: { type: "string" },
        "side-by-side": { type: "string", default: "2" },
        causes: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    return {
      seed: whole("--seed", values.seed, 0, SEED_MAX - 1),
      minutes: minutesOf(values.minutes),
      world: values.world === undefined ? null : whole("--world", values.world, 0, SEED_MAX - 1),
      sideBySide: whole("--side-by-side", values["side-by-side"], 1, SIDE_BY_SIDE_MAX),
      printsCauses: values.causes,
      isRecorded: values.record,
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: message.split("\n", 1)[0] ?? message };
  }
}
