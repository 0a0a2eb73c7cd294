import type { Clock } from "../../../src/relay/clock.ts";
import { randomFrom } from "../random.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves only when told to; chance from a seed. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();
  readonly #random: () => number;

  constructor(seed = 1) {
    this.#random = randomFrom(seed);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#order += 1;
    const timer = { atMs: this.#nowMs + delayMs, order: this.#order, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  random(): number {
    return this.#random();
  }

  /** Lets `ms` pass, timers going off in their order, with all that follows from each before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await settleMicrotasks();
    for (;;) {
      const next = this.#next();
      if (next === null || next.atMs > end) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await settleMicrotasks();
    }
    this.#nowMs = end;
  }

  /** Time passes and nothing happens, as for a process that is frozen: what is due meanwhile comes late. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      const isSooner =
        first === null ||
        timer.atMs < first.atMs ||
        (timer.atMs === first.atMs && timer.order < first.order);
      if (isSooner) first = timer;
    }
    return first;
  }
}

/** Everything that is resolved already runs to where it waits for time or for the outside. */
async function settleMicrotasks(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}
