import { authorizationOf } from "../ops/http/basic-auth.ts";
import { EXIT } from "./exit-code.ts";
import type { RelayAddress } from "./status.ts";

const ANSWER_MS_MAX = 5_000;

export type Fetch = (
  url: string,
  init: { readonly signal: AbortSignal; readonly headers: Record<string, string> },
) => Promise<Response>;

export type StatusAnswer =
  | { readonly body: string; readonly status: Readonly<Record<string, unknown>> }
  | { readonly problem: string; readonly exitCode: number };

/** One page of a running relay. Rejects when nobody answers in time. */
export function askRelay(
  { url, credentials }: RelayAddress,
  path: string,
  ask: Fetch,
): Promise<Response> {
  const headers: Record<string, string> =
    credentials === null ? {} : { authorization: authorizationOf(credentials) };
  return ask(pageUrl(url, path), { signal: AbortSignal.timeout(ANSWER_MS_MAX), headers });
}

/** What `/status` says, or why it does not. */
export async function askStatus(address: RelayAddress, ask: Fetch): Promise<StatusAnswer> {
  const page = pageUrl(address.url, "/status");
  let answer: Response;
  let body: string;
  try {
    answer = await askRelay(address, "/status", ask);
    body = await answer.text();
  } catch (error) {
    const problem = `nobody answers at ${page} (${reasonOf(error)})\nSay with --url where the relay listens.`;
    return { problem, exitCode: EXIT.temporary };
  }
  if (answer.status === 401) {
    const problem = `${page} asks for a user and a password, and ${address.credentials === null ? "there are none" : "takes others"}\nSet RELAY_HTTP_AUTH_USERNAME and RELAY_HTTP_AUTH_PASSWORD as the relay has them.`;
    return { problem, exitCode: EXIT.configuration };
  }
  const status = statusOf(body);
  if (answer.ok && status !== null) return { body, status };
  const problem = `${page} answers, but is no relay (HTTP ${answer.status})`;
  return { problem, exitCode: EXIT.failure };
}

function pageUrl(url: string, path: string): string {
  return `${url.replace(/\/+$/, "")}${path}`;
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
export function reasonOf(error: unknown): string {
  const { cause, message } = error as {
    readonly cause?: { readonly code?: string; readonly message?: string };
    readonly message?: string;
  };
  return cause?.code ?? cause?.message ?? message ?? "no answer";
}
