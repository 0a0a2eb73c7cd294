import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer, Route } from "./answer.ts";
import { textAnswer } from "./answer.ts";
import type { BasicAuth } from "./basic-auth.ts";
import { listenError } from "./listen-error.ts";

/** Bounds of the server: one that a stranger can reach must not be a way to hurt the relay. */
export const HTTP_LIMITS = {
  headerBytesMax: 8 * 1024,
  headersMax: 64,
  urlCharactersMax: 2_048,
  /** From the first byte until all headers are there, ms. */
  headersMs: 5_000,
  /** Until the whole request is there, ms. */
  requestMs: 10_000,
  /** A connection without a request, ms; longer than most scrape intervals are apart. */
  idleMs: 65_000,
  connectionsMax: 128,
  /** How often the times above are looked at, ms. */
  checkMs: 1_000,
};

export type HttpLimits = Readonly<typeof HTTP_LIMITS>;

/** On every answer: nothing here may be kept, guessed at, or shown inside of another page. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
} as const;

/** A small read-only server: GET and HEAD on fixed paths. */
export class HttpServer {
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #auth: BasicAuth | null;
  readonly #server: Server;
  readonly #limits: HttpLimits;

  /** `auth` null: everything is open. */
  constructor(
    routes: ReadonlyMap<string, Route>,
    auth: BasicAuth | null,
    limits: HttpLimits = HTTP_LIMITS,
  ) {
    this.#limits = limits;
    this.#routes = routes;
    this.#auth = auth;
    this.#server = createServer(
      {
        maxHeaderSize: limits.headerBytesMax,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.idleMs,
        connectionsCheckingInterval: limits.checkMs,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxHeadersCount = limits.headersMax;
    this.#server.maxConnections = limits.connectionsMax;
  }

  /** Resolves with the port once it listens. Rejects with RelayError `CONFIG_HTTP_LISTEN` (halt) when the address is taken or not ours. */
  async start(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, "listening");
    } catch (error) {
      throw listenError(host, port, error);
    }
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
    const { status, type, body, headers } = await this.#answer(request);
    response.writeHead(status, {
      ...HEADERS,
      ...headers,
      // A body that nobody reads would be taken for the next request.
      ...(hasBody(request) && { connection: "close" }),
      "content-type": type,
      "content-length": Buffer.byteLength(body),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method, url = "/", headers } = request;
    if (method !== "GET" && method !== "HEAD") {
      return textAnswer(405, "only GET and HEAD", { allow: "GET, HEAD" });
    }
    if (hasBody(request)) return textAnswer(400, "a request here has no body");
    if (url.length > this.#limits.urlCharactersMax) return textAnswer(414, "the URL is too long");
    const [path = "/", query = ""] = url.split("?", 2);
    const route = this.#routes.get(path);
    if (route === undefined) return textAnswer(404, "no such page");
    if (!route.isOpen && this.#auth?.admits(headers.authorization) === false) {
      const challenge = 'Basic realm="outbox-relay", charset="UTF-8"';
      return textAnswer(401, "user and password, please", { "www-authenticate": challenge });
    }
    try {
      return await route.answer({ query: new URLSearchParams(query), headers });
    } catch {
      return textAnswer(500, "this page is broken: a bug of outbox-relay");
    }
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
