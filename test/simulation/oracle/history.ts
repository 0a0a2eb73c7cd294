import type { SimRow, SimTransaction } from "../postgres/sim-wal.ts";

export interface CommittedRow extends SimRow {
  readonly timeline: number;
  readonly commitLsn: bigint;
  /** When its transaction committed, by the counter of `written`. */
  readonly committedAt: number;
  /** In its transaction, from 1. */
  readonly index: number;
  /** Among all rows, in commit order, from 0. */
  readonly order: number;
}

/** What was committed, in commit order: the truth that everything else is compared with. */
export class History {
  readonly rows: CommittedRow[] = [];
  readonly #byId = new Map<string, CommittedRow>();
  /** Rows of transactions that a promotion threw away. */
  readonly ghosts = new Set<string>();

  committed({ commitLsn, timeline, committedAt, rows }: SimTransaction): void {
    for (const [i, row] of rows.entries()) {
      const place = { index: i + 1, order: this.rows.length };
      const committed = { ...row, timeline, commitLsn, committedAt, ...place };
      this.rows.push(committed);
      this.#byId.set(row.id, committed);
    }
  }

  /** A promotion took these back; they were the newest ones. */
  undone(transactions: readonly SimTransaction[]): void {
    const ids = transactions.flatMap(({ rows }) => rows.map(({ id }) => id));
    this.rows.splice(this.rows.length - ids.length);
    for (const id of ids) {
      this.#byId.delete(id);
      this.ghosts.add(id);
    }
  }

  find(id: string): CommittedRow | undefined {
    return this.#byId.get(id);
  }

  /** How many rows lie at or below this position. */
  countUpTo(commitLsn: bigint, index: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = this.rows[middle] as CommittedRow;
      const isCovered =
        row.commitLsn < commitLsn || (row.commitLsn === commitLsn && row.index <= index);
      if (isCovered) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many rows belong to transactions whose commit record starts before `lsn`. */
  countBefore(lsn: bigint): number {
    return this.countUpTo(lsn - 1n, Infinity);
  }
}
