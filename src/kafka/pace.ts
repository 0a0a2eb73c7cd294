import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { recordBytesMax } from "../relay/record/record-bytes.ts";

/** A batch that took too long is followed by ones of this share of it. */
const SHRINK = 4;
const GROWTH = 2;
/** One that is as quick as this share of what is too long lets the next ones grow. */
const QUICK = 1 / 8;
/** Whatever brokers are like, so much goes out at once. */
const BYTES_MIN = 4_096;
/** More than any batch has. */
const BYTES_MAX = 67_108_864;

/**
 * How much may go out in one batch, so that it is durable in time. Brokers abort a transaction that is open for too long, and a
 * relay that publishes nothing for too long lets the slot go: the same batch would go out again, and come to the same end for
 * ever, where a quota or a slow cluster needs more time for it. It outlives openings.
 */
export class Pace {
  readonly #slowMs: number;
  #bytesMax = Number.POSITIVE_INFINITY;

  /** `slowMs`: what takes longer is too long. */
  constructor(slowMs: number) {
    this.#slowMs = slowMs;
  }

  /** Bytes of records; infinite unless a batch took too long. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** A batch of these records was durable, or was given up, after so long. */
  took(records: readonly OutboundRecord[], durationMs: number, isDurable: boolean): void {
    if (durationMs > this.#slowMs) {
      const bytes = records.reduce((sum, record) => sum + recordBytesMax(record), 0);
      const less = Math.max(BYTES_MIN, Math.floor(bytes / SHRINK));
      this.#bytesMax = Math.min(this.#bytesMax, less);
    } else if (isDurable && durationMs < this.#slowMs * QUICK) {
      const more = this.#bytesMax * GROWTH;
      this.#bytesMax = more > BYTES_MAX ? Number.POSITIVE_INFINITY : more;
    }
  }
}
