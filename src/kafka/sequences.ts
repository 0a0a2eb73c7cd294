const SEQUENCE_MASK = 0x7fffffff;

/** Next sequence number of each partition for one producer identity; wraps from 2^31-1 to 0 as the broker expects. */
export class Sequences {
  readonly #next = new Map<string, number>();

  /** Takes `count` numbers and returns the first. */
  take(topic: string, partition: number, count: number): number {
    const key = `${topic}-${partition}`;
    const first = this.#next.get(key) ?? 0;
    this.#next.set(key, advance(first, count));
    return first;
  }

  /** A new identity starts from 0. */
  reset(): void {
    this.#next.clear();
  }
}

/** Exported for its edge: adding across 2^31 wraps, and does not restart. */
export function advance(sequence: number, count: number): number {
  return (sequence + count) & SEQUENCE_MASK;
}
