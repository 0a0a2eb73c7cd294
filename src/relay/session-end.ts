import type { RelayError } from "./errors.ts";
import { PoisonError } from "./event/poison.ts";
import type { Backlog } from "./publish/backlog.ts";
import { isLasting } from "./settle/halt.ts";
import type { HaltPlace } from "./state.ts";

/** How a session comes to its end: at once, or once what was read before is durable. */
export class SessionEnd {
  readonly #ending = new AbortController();
  #cause: { readonly error: unknown } | null = null;
  #rowFailure: RelayError | null = null;
  #isAwaited = false;
  #hasLostStream = false;

  /** Aborted when nothing more is published. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** What it ends with, in a box, because anything can be thrown; null while it goes on and when it ends well. */
  get cause(): { readonly error: unknown } | null {
    return this.#cause;
  }

  /** The row or message that ends it once what came before is durable. */
  get rowFailure(): RelayError | null {
    return this.#rowFailure;
  }

  /** Whether it ends as soon as all that was read is durable. */
  get isAwaited(): boolean {
    return this.#isAwaited;
  }

  /** Whether the stream ended by itself, and that ended the session. */
  get hasLostStream(): boolean {
    return this.#hasLostStream;
  }

  /**
   * Where a halt that ended the session was met. What the next start does not judge was met behind what was read, and a row
   * that the sink does not take behind what is durable.
   */
  placeOf(error: RelayError, { read, settled }: Pick<Backlog, "read" | "settled">): HaltPlace {
    if (isLasting(error)) return "start";
    if (this.#hasLostStream || error === this.#rowFailure) return read;
    return error instanceof PoisonError ? settled : "start";
  }

  /** `rowFailure`: null for a session that drains. */
  await(rowFailure: RelayError | null): void {
    this.#isAwaited = true;
    this.#rowFailure = rowFailure;
  }

  /** Ends it now; `error` null: well. Returns whether it was going on. */
  now(error: unknown, isStreamLost = false): boolean {
    if (this.signal.aborted) return false;
    this.#hasLostStream = isStreamLost;
    if (error !== null) this.#cause = { error };
    this.#ending.abort();
    return true;
  }
}
