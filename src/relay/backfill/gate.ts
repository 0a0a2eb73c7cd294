import type { StreamHandlers } from "../capture/replication-stream.ts";
import { copyOf } from "../copy-of.ts";
import type { RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";

/**
 * Keeps what a stream hands over too early, until the gate opens: a paused stream may still hand over what came with
 * the answer to its start, one socket read at most. That it ended is told at once.
 */
export class Gate implements StreamHandlers {
  readonly #handlers: StreamHandlers;
  readonly #early: (() => void)[] = [];
  #state: "closed" | "open" | "shut" = "closed";

  constructor(handlers: StreamHandlers) {
    this.#handlers = handlers;
  }

  open(): void {
    if (this.#state !== "closed") return;
    this.#state = "open";
    for (const hand of this.#early.splice(0)) hand();
  }

  /** Nothing passes any more. */
  shut(): void {
    this.#state = "shut";
    this.#early.length = 0;
  }

  message(bytes: Uint8Array): void {
    if (this.#state === "open") return this.#handlers.message(bytes);
    const copy = copyOf(bytes);
    this.#keep(() => this.#handlers.message(copy));
  }

  keepalive(walEnd: Lsn, replyRequested: boolean): void {
    if (this.#state === "open") return this.#handlers.keepalive(walEnd, replyRequested);
    this.#keep(() => this.#handlers.keepalive(walEnd, replyRequested));
  }

  readEnd(): void {
    if (this.#state === "open") return this.#handlers.readEnd();
    this.#keep(() => this.#handlers.readEnd());
  }

  closed(error: RelayError): void {
    if (this.#state !== "shut") this.#handlers.closed(error);
  }

  #keep(hand: () => void): void {
    if (this.#state === "closed") this.#early.push(hand);
  }
}
