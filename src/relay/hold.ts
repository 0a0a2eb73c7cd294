/**
 * What came while nothing can be taken, in its order. Bound: the stream is paused meanwhile, so that no more comes than the
 * driver has read already.
 */
export class Hold {
  readonly #kept: (() => void)[] = [];
  #isOn = true;

  get isOn(): boolean {
    return this.#isOn;
  }

  /** `handle` comes first again once the hold is over. */
  begin(handle: () => void): void {
    this.#kept.unshift(handle);
    this.#isOn = true;
  }

  keep(handle: () => void): void {
    this.#kept.push(handle);
  }

  /** Hands on what was kept, until the next hold begins; true when all is handed on. */
  end(): boolean {
    this.#isOn = false;
    while (!this.#isOn) {
      const next = this.#kept.shift();
      if (next === undefined) return true;
      next();
    }
    return false;
  }
}
