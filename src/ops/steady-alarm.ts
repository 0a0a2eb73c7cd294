/** How long it must look bad, or well, without a break before anybody is told. */
const RAISE_AFTER_MS = 15_000;
const PASS_AFTER_MS = 120_000;

export type Sight = "bad" | "unsure" | "good";
export type AlarmChange = "raised" | "passed" | null;

/** Tells once that something is bad and once that it has passed, and nothing of what flickers in between. */
export class SteadyAlarm {
  #isRaised = false;
  /** Since when the other state has been seen without a break, ms. */
  #sinceMs: number | null = null;

  get isRaised(): boolean {
    return this.#isRaised;
  }

  look(sight: Sight, nowMs: number): AlarmChange {
    if (sight !== (this.#isRaised ? "good" : "bad")) {
      this.#sinceMs = null;
      return null;
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < (this.#isRaised ? PASS_AFTER_MS : RAISE_AFTER_MS)) return null;
    this.#sinceMs = null;
    this.#isRaised = !this.#isRaised;
    return this.#isRaised ? "raised" : "passed";
  }
}
