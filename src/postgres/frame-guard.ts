import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { AuthJudge } from "./auth-rule.ts";
import { FrameError, frameBytes, HEAD_BYTES } from "./frame-length.ts";

const ERROR = 0x45; // 'E'
const NOTICE = 0x4e; // 'N'
/** Far above any report of an error, which Postgres writes for a person to read. */
const REPORT_BYTES_MAX = 16 * 1024 * 1024;

/** Follows the messages in what a server sends: their lengths, and the insides that `pg`'s parser would read for ever. */
export class FrameGuard {
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  /** Of the message under way that are still to come. */
  #left = 0;
  /** The body so far of an error or a notice under way; null in any other message. */
  #report: Buffer[] | null = null;

  /** Throws FrameError for a length that no message has, and for an error or a notice that does not end. */
  check(chunk: Buffer): void {
    let at = this.#pass(chunk, 0);
    while (at < chunk.length) {
      const copied = chunk.copy(this.#head, this.#headBytes, at, at + HEAD_BYTES - this.#headBytes);
      this.#headBytes += copied;
      at += copied;
      if (this.#headBytes < HEAD_BYTES) return;
      this.#headBytes = 0;
      this.#begin();
      at = this.#pass(chunk, at);
    }
  }

  #begin(): void {
    this.#left = frameBytes(this.#head, 0) - HEAD_BYTES;
    const isReport = this.#head[0] === ERROR || this.#head[0] === NOTICE;
    if (isReport && this.#left > REPORT_BYTES_MAX)
      throw new FrameError(`an error or a notice says that it has ${this.#left} bytes`);
    this.#report = isReport ? [] : null;
  }

  #pass(chunk: Buffer, at: number): number {
    const end = at + Math.min(this.#left, chunk.length - at);
    this.#left -= end - at;
    this.#report?.push(Buffer.from(chunk.subarray(at, end)));
    if (this.#report !== null && this.#left === 0) {
      assertEnds(Buffer.concat(this.#report));
      this.#report = null;
    }
    return end;
  }
}

/** An error or a notice is a list of fields, a letter and a text each, and ends with a zero (PostgreSQL manual, "ErrorResponse"). */
function assertEnds(report: Buffer): void {
  let at = 0;
  while (report[at] !== undefined && report[at] !== 0) {
    const end = report.indexOf(0, at + 1);
    at = end < 0 ? report.length : end + 1;
  }
  if (at !== report.length - 1) throw new FrameError("an error or a notice does not end");
}

/** The part of `pg` 8's connections that reads what comes; `emit` tells the client of a message. */
interface PgConnection {
  readonly stream: Socket;
  readonly ssl: boolean | { readonly rejectUnauthorized?: boolean };
  upgradeToSSL: (this: PgConnection, ...facts: unknown[]) => void;
  attachListeners: (this: PgConnection, stream: Socket) => void;
  emit: (event: string, ...facts: unknown[]) => boolean;
}

/** The class of `pg`'s connections: of ours, and of those that pg-logical-replication makes. */
export const { prototype: PG_CONNECTION } = createRequire(import.meta.url)("pg/lib/connection") as {
  readonly prototype: PgConnection;
};

const attach = PG_CONNECTION.attachListeners;
const upgrade = PG_CONNECTION.upgradeToSSL;
/** The sockets of connections whose stream is TLS over them. */
const below = new WeakMap<PgConnection, Socket>();

PG_CONNECTION.upgradeToSSL = function upgradeRemembered(this: PgConnection, ...facts: unknown[]) {
  below.set(this, this.stream);
  upgrade.apply(this, facts);
};

/**
 * From the import of this file on every connection of the process ends with an error where the server sends what is no message,
 * or asks for the password in a way that is not to be answered (`AuthJudge`).
 * `pg`'s parser loops for ever over a length below four and over an error without an end, and throws into the socket's event for a message with a broken
 * inside, which would end the process. The messages are told once the parser is done with the piece, so that what a
 * listener throws is still its own.
 */
PG_CONNECTION.attachListeners = function attachGuarded(this: PgConnection, stream: Socket): void {
  const { emit } = this;
  let parsed: Parameters<PgConnection["emit"]>[] | null = null;
  this.emit = (...message) => {
    if (parsed === null) return emit.apply(this, message);
    parsed.push(message);
    return true;
  };
  const guard = new FrameGuard();
  const isVerified = typeof this.ssl === "object" && this.ssl.rejectUnauthorized !== false;
  const judge = new AuthJudge(below.get(this) ?? stream, isVerified);
  const [parse] = addedBy(stream, () => attach.call(this, stream));
  stream.on("data", (chunk: Buffer) => {
    const messages: Parameters<PgConnection["emit"]>[] = [];
    const fault = faultOf(() => {
      parsed = messages;
      guard.check(chunk);
      parse?.(chunk);
    });
    parsed = null;
    for (const message of messages) {
      const refusal = judge.fault(message[0]);
      if (refusal !== null) return void stream.destroy(refusal);
      emit.apply(this, message);
    }
    if (fault !== null) stream.destroy(fault);
  });
};

/** The listeners for data that `add` gives to `stream`, taken off again. */
function addedBy(stream: Socket, add: () => void): ((chunk: Buffer) => void)[] {
  const before = new Set(stream.listeners("data"));
  add();
  const added = stream.listeners("data").filter((listener) => !before.has(listener));
  for (const listener of added) stream.off("data", listener as () => void);
  return added.map((listener) => (chunk: Buffer) => void Reflect.apply(listener, stream, [chunk]));
}

function faultOf(work: () => void): FrameError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof FrameError) return error;
    return new FrameError("a message has a broken inside", { cause: error });
  }
}
