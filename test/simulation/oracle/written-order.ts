import type { CommittedRow } from "./history.ts";

interface KeySeen {
  /** The latest moment at which a row that was seen had been written. */
  written: number;
  /** Of each transaction, the last row that was seen. */
  readonly indexes: Map<bigint, number>;
}

/**
 * The order that a table can know, per key: rows of one transaction come as they were written, and what had committed when
 * a row was written comes before it. Transactions that wrote side by side have none.
 */
export class WrittenOrder {
  readonly #keys = new Map<string, KeySeen>();

  /** Takes the row for seen; false when something was seen before that belongs behind it. */
  take(key: string, row: CommittedRow): boolean {
    const seen = this.#keys.get(key) ?? { written: 0, indexes: new Map<bigint, number>() };
    this.#keys.set(key, seen);
    const isInPlace =
      row.committedAt > seen.written && row.index > (seen.indexes.get(row.xid) ?? 0);
    seen.written = Math.max(seen.written, row.written);
    seen.indexes.set(row.xid, row.index);
    return isInPlace;
  }
}
