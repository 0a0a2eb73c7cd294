import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { openingGivenUp } from "./kafka-error.ts";

const GROWTH = 1.5;
/** The first pause is as long as a broker needs to write a marker; the last ones make less than ten requests a second. */
const SHORT = { firstMs: 2, maxMs: 150 };
/** Between two looks at what changes when brokers come and go. */
export const LONG = { firstMs: 50, maxMs: 400 };

/**
 * The pauses of one loop that asks brokers again: each longer than the one before it, up to a deadline, and only while
 * somebody waits for the loop. Every loop that asks again has one, so that none goes on for ever.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  readonly #maxMs: number;
  #pauseMs: number;

  /** `withinMs`: from now on. `signal`: aborted once nobody waits any more. */
  constructor(clock: Clock, withinMs: number, signal: AbortSignal, { firstMs, maxMs } = SHORT) {
    this.#clock = clock;
    this.#signal = signal;
    this.#deadlineMs = clock.monotonicMs() + withinMs;
    this.#pauseMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Whether the deadline has passed. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#deadlineMs;
  }

  /**
   * Resolves when it is time to ask again. Throws `problem()` after the deadline, and RelayError KAFKA_CLOSED, caused by
   * `problem()`, once nobody waits.
   */
  async again(problem: () => unknown): Promise<void> {
    if (!this.#signal.aborted && this.isOver) throw problem();
    await pause(this.#clock, this.#pauseMs, this.#signal);
    this.#pauseMs = Math.min(this.#pauseMs * GROWTH, this.#maxMs);
    if (this.#signal.aborted) throw openingGivenUp(problem());
  }
}
