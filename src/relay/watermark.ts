import type { Lsn } from "./lsn.ts";

/**
 * What had committed at one moment, and where the WAL stood right after it: every transaction that `snapshot` shows
 * wrote its commit record below `lsn`. So once everything below `lsn` is published, the rows that `snapshot` does not
 * show are a superset of those that are not.
 */
export interface Watermark {
  /** `pg_snapshot` as text: xmin:xmax:xip. */
  readonly snapshot: string;
  /** The WAL's insert position, read after the snapshot. */
  readonly lsn: Lsn;
  /** The server's clock when the snapshot was taken, ms since 1970. */
  readonly atMs: number;
}

/** Those that wait for the stream to reach them. One every five seconds: enough for minutes of lag, then no more are kept. */
const WATERMARKS_MAX = 64;

/** Watermarks on their way into a checkpoint. */
export class Watermarks {
  #reached: Watermark | null;
  readonly #ahead: Watermark[] = [];

  /** `reached`: the one that the last checkpoint holds. */
  constructor(reached: Watermark | null) {
    this.#reached = reached;
  }

  /** They come in the order of their LSNs. When there are too many this one is left out: an older one is only less exact. */
  add(watermark: Watermark): void {
    if (this.#ahead.length < WATERMARKS_MAX) this.#ahead.push(watermark);
  }

  /** The newest whose transactions all lie below `covered`. */
  at(covered: Lsn): Watermark | null {
    for (
      let next = this.#ahead[0];
      next !== undefined && next.lsn <= covered;
      next = this.#ahead[0]
    ) {
      this.#reached = next;
      this.#ahead.shift();
    }
    return this.#reached;
  }
}
