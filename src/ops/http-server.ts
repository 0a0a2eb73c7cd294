import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** The part of a request that an answer may depend on. */
export interface Question {
  /** What stands after the question mark of the URL. */
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export type Route = (question: Question) => Answer | Promise<Answer>;

export function textAnswer(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${body}\n` };
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

/** A small read-only server: GET and HEAD on fixed paths. */
export class HttpServer {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #server: Server;

  constructor(routes: ReadonlyMap<string, Route>) {
    this.#routes = routes;
    this.#server = createServer((request, response) => {
      void this.#handle(request, response);
    });
  }

  /** Resolves with the port once it listens; rejects when the address is taken. */
  async start(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await this.#answer(request);
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    if (request.method !== "GET" && request.method !== "HEAD") return textAnswer(405, "only GET");
    const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
    const route = this.#routes.get(path);
    if (route === undefined) return textAnswer(404, "no such page");
    try {
      return await route({ query: new URLSearchParams(query), headers: request.headers });
    } catch (error) {
      return textAnswer(500, error instanceof Error ? error.message : "failed");
    }
  }
}
