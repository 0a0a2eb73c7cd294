import type { Lsn } from "../../../src/relay/lsn.ts";

/**
 * How far a slot is confirmed. A slot that was just made stands past everything, whatever is still to be read from the
 * tables: only one that the relay itself moves there says that all is published.
 */
export class SlotProgress {
  readonly #target: Lsn;
  #past: Lsn | null = null;
  #halts = 0;
  isPast = false;

  constructor(target: Lsn) {
    this.#target = target;
  }

  /** `confirmed`: null while the relay does not stream. `halts`: how often it has failed by now. */
  add(confirmed: Lsn | null, halts: number): void {
    if (confirmed === null || halts !== this.#halts) this.#past = null;
    this.#halts = halts;
    if (confirmed === null || confirmed < this.#target) return;
    if (this.#past !== null && confirmed > this.#past) this.isPast = true;
    this.#past = confirmed;
  }
}
