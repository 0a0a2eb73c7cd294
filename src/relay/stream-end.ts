import type { Clock } from "./clock.ts";
import { pause } from "./clock.ts";
import type { RelayError } from "./errors.ts";

/** How long the last word of a server that has let the slot go may be under way. */
const UNDER_WAY_MS_MAX = 1_000;

/** Whether a stream has come to its end, and with what. */
export class StreamEnd {
  readonly #reached = new AbortController();
  #error: RelayError | null = null;

  get isReached(): boolean {
    return this.#reached.signal.aborted;
  }

  /** Null while it goes on, and for one that we closed. */
  get error(): RelayError | null {
    return this.#error;
  }

  /** `error`: null for an end of our own. The first one counts. */
  reached(error: RelayError | null): void {
    if (this.isReached) return;
    this.#error = error;
    this.#reached.abort();
  }

  /** Resolves once the end is reached, when `signal` is aborted, or after a second. */
  wait(clock: Clock, signal: AbortSignal): Promise<void> {
    return pause(clock, UNDER_WAY_MS_MAX, AbortSignal.any([signal, this.#reached.signal]));
  }
}
