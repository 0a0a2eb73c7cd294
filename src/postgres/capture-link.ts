import type { Socket } from "node:net";
import type { Client, Connection } from "pg";
import type { StreamHandlers } from "../relay/capture/replication-stream.ts";
import { RelayError } from "../relay/errors.ts";
import type { Lsn } from "../relay/lsn.ts";
import { maxLsn } from "../relay/lsn.ts";
import { decodeKeepalive, KEEPALIVE, toldLsn, XLOG_DATA } from "./standby-status.ts";

/** The parts of `pg`'s connection that its types leave out; the version is pinned exactly. */
export type WireConnection = Connection & {
  readonly stream: Socket;
  sendCopyFromChunk(chunk: Buffer): void;
};

export function wireOf(client: Client): WireConnection {
  return client.connection as WireConnection;
}

/** What a link tells its stream. */
export interface LinkEvents {
  started(): void;
  /** Called for each piece that the socket brings, after its messages were handed over. */
  bytes(count: number): void;
  /** The first reason why the link is no good any more; nothing is handed over after it. */
  ended(cause: unknown): void;
}

/** Ends that no error of `pg` stands for. */
export type LinkEnd =
  | "copy-ended"
  | "connection-ended"
  | "publication-skipped"
  | "silence"
  | "unknown-message";

export class LinkEndedError extends Error {
  override readonly name = "LinkEndedError";
  readonly end: LinkEnd;

  constructor(end: LinkEnd) {
    super(end);
    this.end = end;
  }
}

/** SQLSTATE of the notice "skipped loading publication": Postgres 18 goes on without its rows. */
const PUBLICATION_SKIPPED = "55000";

/**
 * Hands what the server sends to the handlers, in order, until the first thing that is wrong.
 * XLogData comes through the plugin's `parse`, everything else from the connection directly: the
 * library's heartbeat event loses the keepalive's place and precision.
 */
export class CaptureLink {
  readonly #connection: WireConnection;
  readonly #handlers: StreamHandlers;
  readonly #events: LinkEvents;
  #isStreaming = false;
  #isEnded = false;
  #lastLsn: Lsn;
  #messages = 0;

  constructor(client: Client, handlers: StreamHandlers, events: LinkEvents, lastLsn: Lsn) {
    this.#connection = wireOf(client);
    this.#handlers = handlers;
    this.#events = events;
    this.#lastLsn = lastLsn;
  }

  /** The highest position this server has told of. */
  get lastLsn(): Lsn {
    return this.#lastLsn;
  }

  /** Messages since the last call. */
  takeMessages(): number {
    const messages = this.#messages;
    this.#messages = 0;
    return messages;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Listens from now on; before the server streams, errors belong to whoever started it. */
  listen(): void {
    const connection = this.#connection;
    connection.once("replicationStart", () => {
      this.#isStreaming = true;
      this.#events.started();
    });
    // Before the library's own listener, so that the position is known when its message is handed over.
    connection.prependListener("copyData", ({ chunk }: { chunk: Buffer }) => this.#copyData(chunk));
    connection.on("notice", ({ code }: { code?: string }) => {
      if (code === PUBLICATION_SKIPPED) this.#end(new LinkEndedError("publication-skipped"));
    });
    connection.on("errorMessage", (error: unknown) => this.#end(error));
    connection.on("error", (error: unknown) => this.#end(error));
    for (const event of ["copyDone", "commandComplete"]) {
      connection.on(event, () => this.#end(new LinkEndedError("copy-ended")));
    }
    connection.on("end", () => this.#end(new LinkEndedError("connection-ended")));
    connection.stream.on("data", (chunk: Buffer) => this.#events.bytes(chunk.length));
  }

  /** One pgoutput message. Never throws: `pg` would parse the same bytes again with each later read. */
  message(bytes: Uint8Array): void {
    this.#messages += 1;
    this.#handOver(() => this.#handlers.message(bytes));
  }

  readEnd(): void {
    this.#handOver(() => this.#handlers.readEnd());
  }

  /** Nothing is handed over any more, and no end is told. */
  mute(): void {
    this.#isEnded = true;
  }

  /** The server ended it, or we give it up for `cause`. */
  fail(cause: unknown): void {
    this.#end(cause);
  }

  #copyData(chunk: Buffer): void {
    const kind = chunk[0];
    if (kind === XLOG_DATA) {
      this.#lastLsn = maxLsn(this.#lastLsn, toldLsn(chunk));
    } else if (kind === KEEPALIVE) {
      const { walEnd, replyRequested } = decodeKeepalive(chunk);
      this.#lastLsn = maxLsn(this.#lastLsn, walEnd);
      this.#handOver(() => this.#handlers.keepalive(walEnd, replyRequested));
    } else {
      this.#end(new LinkEndedError("unknown-message"));
    }
  }

  #handOver(call: () => void): void {
    if (this.#isEnded || !this.#isStreaming) return;
    try {
      call();
    } catch (error) {
      this.#end(error instanceof RelayError ? error : handlerFailed(error));
    }
  }

  #end(cause: unknown): void {
    if (this.#isEnded || !this.#isStreaming) return;
    this.#isEnded = true;
    this.#events.ended(cause);
  }
}

function handlerFailed(cause: unknown): RelayError {
  return new RelayError("a message from Postgres could not be taken in", {
    code: "STREAM_HANDLER",
    remedy: "halt",
    hint: "This is a bug in outbox-relay: the slot keeps the rows. Report it with the log's stack trace.",
    cause,
  });
}
