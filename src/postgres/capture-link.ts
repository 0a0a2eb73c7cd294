import type { Socket } from "node:net";
import type { Client, Connection } from "pg";
import type { StreamHandlers } from "../relay/capture/replication-stream.ts";
import { RelayError } from "../relay/errors.ts";
import type { Lsn } from "../relay/lsn.ts";
import { CopyFrames } from "./copy-frames.ts";
import { FrameError } from "./frame-length.ts";
import { decodeKeepalive, KEEPALIVE, XLOG_DATA, XLOG_DATA_HEADER_BYTES } from "./standby-status.ts";
import { ToldLsn } from "./told-lsn.ts";

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
 * CopyData is taken off the socket, before `pg` and the library above it: the latter's heartbeat event loses the keepalive's place and precision.
 */
export class CaptureLink {
  readonly #connection: WireConnection;
  readonly #handlers: StreamHandlers;
  readonly #events: LinkEvents;
  #isStreaming = false;
  #isEnded = false;
  readonly #lastLsn: ToldLsn;
  #messages = 0;

  constructor(client: Client, handlers: StreamHandlers, events: LinkEvents, lastLsn: Lsn) {
    this.#connection = wireOf(client);
    this.#handlers = handlers;
    this.#events = events;
    this.#lastLsn = new ToldLsn(lastLsn);
  }

  /** The highest position that this server has announced. */
  get lastLsn(): Lsn {
    return this.#lastLsn.value;
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

  /** Listens from now on; before the server streams, errors belong to the caller that started it. */
  listen(): void {
    const connection = this.#connection;
    connection.once("replicationStart", () => {
      this.#isStreaming = true;
      this.#events.started();
    });
    connection.on("notice", ({ code }: { code?: string }) => {
      if (code === PUBLICATION_SKIPPED) this.#end(new LinkEndedError("publication-skipped"));
    });
    connection.on("errorMessage", (error: unknown) => this.#end(error));
    connection.on("error", (error: unknown) => this.#end(error));
    for (const event of ["copyDone", "commandComplete"]) {
      connection.on(event, () => this.#end(new LinkEndedError("copy-ended")));
    }
    connection.on("end", () => this.#end(new LinkEndedError("connection-ended")));
    this.#takeFrames();
  }

  /**
   * From here on we cut the bytes into messages ourselves. What is no CopyData goes to those who listened, `pg`'s parser;
   * nothing is half read now, since the server waits for our next command. A library's event and objects for each row
   * cost more than all that we do with it.
   */
  #takeFrames(): void {
    const { stream } = this.#connection;
    const listeners = stream.listeners("data");
    stream.removeAllListeners("data");
    const frames = new CopyFrames({
      copyData: (bytes, from, to) => this.#copyData(bytes, from, to),
      other: (message) => {
        for (const listener of listeners) listener.call(stream, message);
      },
    });
    stream.on("data", (chunk: Buffer) => {
      try {
        frames.push(chunk);
      } catch (error) {
        // What our handlers throw ends in `#fail`.
        if (!(error instanceof FrameError)) throw error;
        this.#end(error);
        stream.destroy(error);
      }
      this.#events.bytes(chunk.length);
    });
  }

  readEnd(): void {
    if (this.#isEnded || !this.#isStreaming) return;
    try {
      this.#handlers.readEnd();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing is handed over any more, and no end is told. */
  mute(): void {
    this.#isEnded = true;
  }

  /** The server ended it, or we give it up for `cause`. */
  fail(cause: unknown): void {
    this.#end(cause);
  }

  #copyData(bytes: Buffer, from: number, to: number): void {
    if (this.#isEnded || !this.#isStreaming) return;
    try {
      this.#take(bytes, from, to);
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(bytes: Buffer, from: number, to: number): void {
    const kind = bytes[from];
    if (kind === XLOG_DATA) {
      this.#lastLsn.tellOf(bytes, from);
      this.#messages += 1;
      this.#handlers.message(bytes.subarray(from + XLOG_DATA_HEADER_BYTES, to));
    } else if (kind === KEEPALIVE) {
      const { walEnd, replyRequested } = decodeKeepalive(bytes.subarray(from, to));
      this.#lastLsn.raise(walEnd);
      this.#handlers.keepalive(walEnd, replyRequested);
    } else {
      this.#end(new LinkEndedError("unknown-message"));
    }
  }

  #fail(error: unknown): void {
    this.#end(error instanceof RelayError ? error : handlerFailed(error));
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
