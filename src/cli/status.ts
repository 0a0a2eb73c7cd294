import { parseArgs } from "node:util";
import type { Credentials } from "../ops/http/basic-auth.ts";
import type { Fetch } from "./ask-relay.ts";
import { askStatus } from "./ask-relay.ts";
import type { Output } from "./output.ts";
import { statusPage } from "./status-page.ts";

const EXIT = { ok: 0, failure: 1, usage: 2, temporary: 75 } as const;

/** States by what they mean to a script; all others pass by themselves. */
const STATE_EXITS: Readonly<Record<string, number>> = {
  streaming: EXIT.ok,
  standby: EXIT.ok,
  failed: EXIT.failure,
  stalled: EXIT.failure,
};

export const STATUS_USAGE = `Usage: outbox-relay status [--watch] [--json] [--url http://host:9464]

Asks a running relay what it does, what is wrong, and what to do about it.

Options:
  --url URL   where the relay listens (default: this host, port of RELAY_HTTP_LISTEN)
  --json      the answer of /status as it is; with --watch one line for each answer
  --watch     ask again every two seconds until interrupted: on a terminal the page is drawn again,
              elsewhere there is one line for each change

RELAY_HTTP_AUTH_USERNAME and RELAY_HTTP_AUTH_PASSWORD are used where the relay asks for them.

Exit codes: 0 streaming or standing by, 1 failed or stalled, 75 nobody answers, or the relay is
starting or stopping.
`;

export interface StatusCommand {
  readonly url: string | undefined;
  readonly isJson: boolean;
  readonly isWatching: boolean;
}

/** `argv`: what follows `status` on the command line. An exit code when there is nothing to ask. */
export function parseStatus(argv: readonly string[], out: Output): StatusCommand | number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        url: { type: "string" },
        json: { type: "boolean", default: false },
        watch: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      out.stdout(STATUS_USAGE);
      return EXIT.ok;
    }
    const isUrl =
      values.url === undefined || /^https?:$/.test(URL.parse(values.url)?.protocol ?? "");
    if (!isUrl) return usage("--url is no http URL", out);
    return { url: values.url, isJson: values.json, isWatching: values.watch };
  } catch (error) {
    return usage((error as Partial<Error>).message ?? "the arguments cannot be read", out);
  }
}

function usage(problem: string, out: Output): number {
  out.stderr(`outbox-relay status: ${problem}\n\n${STATUS_USAGE}`);
  return EXIT.usage;
}

/** Where a relay listens, and what it may ask for. */
export interface RelayAddress {
  readonly url: string;
  readonly credentials: Credentials | null;
}

/** Asks the relay and prints what it says. Answers the exit code. */
export async function showStatus(
  address: RelayAddress,
  isJson: boolean,
  out: Output,
  ask: Fetch = fetch,
): Promise<number> {
  const answer = await askStatus(address, ask);
  if ("problem" in answer) {
    out.stderr(`${answer.problem}\n`);
    return answer.exitCode;
  }
  out.stdout(isJson ? answer.body : statusPage(answer.status, Date.now()));
  return exitCodeOf(answer.status);
}

export function exitCodeOf(status: Readonly<Record<string, unknown>>): number {
  return STATE_EXITS[String(status["state"])] ?? EXIT.temporary;
}
