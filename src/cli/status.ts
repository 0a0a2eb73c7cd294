import { parseArgs } from "node:util";
import type { Output } from "./output.ts";
import { statusPage } from "./status-page.ts";

const EXIT = { ok: 0, failure: 1, usage: 2, temporary: 75 } as const;
const ANSWER_MS_MAX = 5_000;

/** States by what they mean to a script; all others pass by themselves. */
const STATE_EXITS: Readonly<Record<string, number>> = {
  streaming: EXIT.ok,
  standby: EXIT.ok,
  failed: EXIT.failure,
  stalled: EXIT.failure,
};

export const STATUS_USAGE = `Usage: outbox-relay status [--json] [--url http://host:9464]

Asks a running relay what it does, what is wrong, and what to do about it.

Options:
  --url URL   where the relay listens (default: this host, port of RELAY_HTTP_LISTEN)
  --json      the answer of /status as it is

Exit codes: 0 streaming or standing by, 1 failed or stalled, 75 nobody answers, or the relay is
starting or stopping.
`;

export interface StatusCommand {
  readonly url: string | undefined;
  readonly isJson: boolean;
}

/** `argv`: what follows `status` on the command line. An exit code when there is nothing to ask. */
export function parseStatus(argv: readonly string[], out: Output): StatusCommand | number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        url: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      out.stdout(STATUS_USAGE);
      return EXIT.ok;
    }
    const isUrl =
      values.url === undefined || /^https?:$/.test(URL.parse(values.url)?.protocol ?? "");
    return isUrl ? { url: values.url, isJson: values.json } : usage("--url is no http URL", out);
  } catch (error) {
    return usage((error as Partial<Error>).message ?? "the arguments cannot be read", out);
  }
}

function usage(problem: string, out: Output): number {
  out.stderr(`outbox-relay status: ${problem}\n\n${STATUS_USAGE}`);
  return EXIT.usage;
}

export type Fetch = (url: string, init: { readonly signal: AbortSignal }) => Promise<Response>;

/** Asks the relay at `url` and prints what it says. Answers the exit code. */
export async function showStatus(
  url: string,
  isJson: boolean,
  out: Output,
  ask: Fetch = fetch,
): Promise<number> {
  const page = `${url.replace(/\/+$/, "")}/status`;
  let answer: Response;
  try {
    answer = await ask(page, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  } catch (error) {
    out.stderr(
      `nobody answers at ${page} (${reasonOf(error)})\nSay with --url where the relay listens.\n`,
    );
    return EXIT.temporary;
  }
  const body = await answer.text();
  const status = statusOf(body);
  if (!answer.ok || status === null) {
    out.stderr(`${page} answers, but is no relay (HTTP ${answer.status})\n`);
    return EXIT.failure;
  }
  out.stdout(isJson ? body : statusPage(status, Date.now()));
  return STATE_EXITS[String(status["state"])] ?? EXIT.temporary;
}

function statusOf(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body);
    const isStatus = typeof value === "object" && value !== null && "state" in value;
    return isStatus ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** `fetch` hides what happened behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause, message } = error as {
    readonly cause?: { readonly code?: string; readonly message?: string };
    readonly message?: string;
  };
  return cause?.code ?? cause?.message ?? message ?? "no answer";
}
