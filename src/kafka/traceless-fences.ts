import type { Clock } from "../relay/clock.ts";

/** So many within so long are another user of our ids. */
const FENCES_MAX = 3;
const WITHIN_MS = 60_000;

/**
 * Counts the times that we were fenced by somebody who left no incarnation: a relay that died or lost the slot between
 * fencing and saying who it is does that once; somebody who shares our transactional ids does it again and again.
 */
export class TracelessFences {
  readonly #clock: Clock;
  #atMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One more; returns whether that is too often. */
  add(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#atMs = [...this.#atMs.filter((ms) => ms > nowMs - WITHIN_MS), nowMs];
    return this.#atMs.length >= FENCES_MAX;
  }
}
