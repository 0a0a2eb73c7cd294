import type { IncomingHttpHeaders } from "node:http";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The part of a request that an answer may depend on. */
export interface Question {
  /** What stands after the question mark of the URL. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export interface Route {
  readonly answer: (question: Question) => Answer | Promise<Answer>;
  /** Probes are: those who ask them have no password. */
  readonly isOpen: boolean;
}

export function textAnswer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${body}\n`, headers };
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}
