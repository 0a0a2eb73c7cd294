import type { Clock } from "./clock.ts";

export interface RetryOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Share of the delay, up or down, that is left to chance: 0.2 means 80 % to 120 %. */
  readonly jitter: number;
}

/** Growing delays between attempts that never end. */
export class Backoff {
  readonly #options: RetryOptions;
  readonly #clock: Clock;
  #attempts = 0;

  constructor(options: RetryOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Delay before the next attempt, ms. */
  nextMs(): number {
    const { initialMs, maxMs } = this.#options;
    const delayMs = Math.min(maxMs, initialMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return this.jittered(delayMs);
  }

  jittered(delayMs: number): number {
    return delayMs * (1 + this.#options.jitter * (2 * this.#clock.random() - 1));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
