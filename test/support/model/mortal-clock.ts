import type { Clock } from "../../../src/relay/clock.ts";

/** A process's own view of time: after `die` none of its timers goes off any more. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  die(): void {
    this.#isDead = true;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, () => {
      if (!this.#isDead) callback();
    });
  }

  random(): number {
    return this.#clock.random();
  }
}
