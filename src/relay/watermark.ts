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

/** Those that no durable checkpoint holds yet. One every five seconds: enough for minutes of lag, then no more are kept. */
const WATERMARKS_MAX = 64;

/**
 * Watermarks on their way into a checkpoint. A position may be asked for and then a lower one: a batch that failed comes
 * again shorter, or an earlier batch goes out again. So only what became durable makes older watermarks superfluous.
 */
export class Watermarks {
  /** In the order of their LSNs; the first may be the one that the last durable checkpoint holds. */
  readonly #known: Watermark[];
  #isFirstStored: boolean;

  /** `reached`: the one that the last checkpoint holds. */
  constructor(reached: Watermark | null) {
    this.#known = reached === null ? [] : [reached];
    this.#isFirstStored = reached !== null;
  }

  /** They come in the order of their LSNs. When there are too many this one is left out: an older one is only less exact. */
  add(watermark: Watermark): void {
    const waiting = this.#known.length - (this.#isFirstStored ? 1 : 0);
    if (waiting < WATERMARKS_MAX) this.#known.push(watermark);
  }

  /** The newest whose transactions all lie below `covered`; null when there is none. */
  at(covered: Lsn): Watermark | null {
    return this.#known.findLast(({ lsn }) => lsn <= covered) ?? null;
  }

  /** A checkpoint that covers `covered` is durable: no lower position will be asked for. */
  settled(covered: Lsn): void {
    const stored = this.#known.findLastIndex(({ lsn }) => lsn <= covered);
    if (stored < 0) return;
    this.#known.splice(0, stored);
    this.#isFirstStored = true;
  }
}
