/** Bears a fault for a time once all was well; before that, for none. */
export class Grace {
  readonly #graceMs: number;
  #lastWellMs = Number.NEGATIVE_INFINITY;

  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** Null while it is well, or was a short while ago. */
  problem(isWell: boolean, nowMs: number, problem: string): string | null {
    if (isWell) this.#lastWellMs = nowMs;
    return nowMs - this.#lastWellMs <= this.#graceMs ? null : problem;
  }
}
