import type { Lsn } from "../../../src/relay/lsn.ts";
import { lsn, maxLsn } from "../../../src/relay/lsn.ts";
import type { TableVersion } from "../../support/model/model-catalog.ts";
import type { SimClock } from "../engine/sim-clock.ts";

export interface SimRow {
  readonly id: string;
  readonly route: string;
  readonly key: string;
  readonly payload: string | null;
  /** The table as it stood when the row was written. */
  readonly table: TableVersion;
  /** Which layout the table had when the row was written. */
  readonly layout: number;
  /** The transaction that wrote it. */
  readonly xid: bigint;
  /** When that transaction began, by the server's clock. */
  readonly createdMs: number;
  /** `write_order`: a moment of the counter by which rows are written and transactions commit. */
  readonly written: number;
}

export interface SimTransaction {
  /** Start of the commit record. */
  readonly commitLsn: Lsn;
  /** The byte after it. */
  readonly endLsn: Lsn;
  readonly commitMs: number;
  readonly rows: readonly SimRow[];
  readonly timeline: number;
  /** By the counter of `SimRow.written`: a row that was written later knew of all that is below. */
  readonly committedAt: number;
}

/**
 * The write-ahead log of one lineage: transactions in the order of their commit records. A promotion cuts it at the
 * switch point and goes on from there, so that LSNs are used again on the next timeline.
 */
export class SimWal {
  readonly transactions: SimTransaction[] = [];
  timeline = 1;
  /** How far the server's clock is from that of the world; may be set at any time. */
  clockApartMs = 0;
  #moment = 0;
  readonly #clock: SimClock;
  #end: Lsn = lsn(1_000n);
  /** How far the standby has it. */
  #replicated: Lsn = lsn(1_000n);
  #history = "";

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  get end(): Lsn {
    return this.#end;
  }

  get replicated(): Lsn {
    return this.#replicated;
  }

  /** Text of the timeline history file; null on timeline 1. */
  get history(): string | null {
    return this.#history === "" ? null : this.#history;
  }

  /** By the server's clock, ms since 1970. */
  get wallMs(): number {
    return this.#clock.wallMs() + this.clockApartMs;
  }

  /** The next number of the counter that orders writes and commits. */
  nextMoment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** Anything that is no commit: rows of open transactions, other tables, other databases. */
  write(bytes: number): void {
    this.#end = lsn(this.#end + BigInt(bytes));
  }

  commit(rows: readonly SimRow[]): SimTransaction {
    const commitLsn = this.#end;
    const endLsn = lsn(commitLsn + 48n);
    this.#end = endLsn;
    const { timeline } = this;
    const stamps = { commitMs: this.wallMs, committedAt: this.nextMoment() };
    const transaction = { commitLsn, endLsn, ...stamps, rows, timeline };
    this.transactions.push(transaction);
    return transaction;
  }

  /** The standby follows, all the way or part of it, never to the middle of a commit record. */
  replicate(share: number): void {
    const ends = this.transactions
      .map(({ endLsn }) => endLsn)
      .filter((end) => end > this.#replicated);
    const next = ends[Math.floor(share * ends.length)];
    this.#replicated = maxLsn(this.#replicated, next ?? this.#end);
  }

  /** The standby takes over with what it has. Returns what the old primary had beyond it. */
  promote(): SimTransaction[] {
    const kept = this.transactions.filter(({ endLsn }) => endLsn <= this.#replicated);
    const lost = this.transactions.slice(kept.length);
    this.transactions.splice(kept.length);
    const { high, low } = halves(this.#replicated);
    this.#history += `${this.timeline}\t${high}/${low}\tno recovery target specified\n`;
    this.timeline += 1;
    this.#end = this.#replicated;
    return lost;
  }
}

function halves(value: Lsn): { high: string; low: string } {
  return { high: (value >> 32n).toString(16), low: (value & 0xffffffffn).toString(16) };
}
