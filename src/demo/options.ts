import { parseArgs } from "node:util";

const SECONDS_DEFAULT = 24;
const SECONDS_MIN = 4;
const SECONDS_MAX = 3_600;

export const USAGE = `Usage: npm run demo [-- --keep] [--seconds N]

Starts Postgres and Kafka, runs the relay and a sample shop on them, and counts what arrived.

  --keep       leave everything running afterwards, with the addresses printed, until Ctrl-C
  --seconds N  how long the shop is open (default ${SECONDS_DEFAULT}, at least ${SECONDS_MIN})

TEST_POSTGRES_URL and TEST_KAFKA_BROKERS name servers of your own to use instead.

Exit codes: 0 nothing lost, duplicated or out of order; 1 otherwise; 2 usage; 130 interrupted.
`;

export interface DemoOptions {
  readonly isKept: boolean;
  /** How long the shop is open. */
  readonly seconds: number;
}

export function parseOptions(argv: readonly string[]): DemoOptions | "help" | { problem: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        keep: { type: "boolean", default: false },
        seconds: { type: "string", default: String(SECONDS_DEFAULT) },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const seconds = /^\d+$/.test(values.seconds) ? Number(values.seconds) : Number.NaN;
    if (!(seconds >= SECONDS_MIN && seconds <= SECONDS_MAX)) {
      return { problem: `--seconds takes a whole number from ${SECONDS_MIN} to ${SECONDS_MAX}` };
    }
    return { isKept: values.keep, seconds };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
