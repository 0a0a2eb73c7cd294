import type { Lsn } from "../lsn.ts";
import type { Watermark } from "../watermark.ts";

/** A row that may be missing at Kafka. */
export interface Candidate {
  readonly id: string;
  /** The routing value, from which its topic follows; null where the column is. */
  readonly route: string | null;
  /** `created_at`: when its transaction began, ms since 1970; null where the table does not tell, or not for certain. */
  readonly createdMs: number | null;
  /** Whether its own transaction is one that the watermark does not show; false where there is none, or nobody knows. */
  readonly isNew: boolean;
}

/** How many candidates are looked up at once: what is kept of them is about 40 bytes each. */
export const WINDOW_ROWS_MAX = 500_000;

/**
 * The rows of the outbox tables under one snapshot, less those that were surely committed when the watermark was taken, in
 * the order of writing as far as the tables record it. Read in windows: first the candidates' names, then the rows that
 * are wanted of them.
 */
export interface BackfillRows {
  /** Where the slot begins that was made with the snapshot. */
  readonly until: Lsn;
  /** The snapshot: once the backfill is published nothing is missing of what it shows. */
  readonly watermark: Watermark;
  /** How many candidates there are in all. */
  readonly candidates: number;
  /** How many rows the tables hold, of the shard's keys. */
  readonly tableRows: number;
  /** What the tables cannot tell; one sentence each, without a full stop. */
  readonly notes: readonly string[];
  /** Goes on to the next window, of at most `WINDOW_ROWS_MAX`, and names its candidates; answers how many, 0 at the end. */
  next(candidate: (candidate: Candidate) => void, signal: AbortSignal): Promise<number>;
  /**
   * The window's rows for which `isWanted` holds, numbered from 0 as they were named, as pgoutput messages (RELATION and
   * INSERT) a few at a time: they hold until the next ones are asked for. Rejects with RelayError.
   */
  rows(
    isWanted: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncIterable<readonly Uint8Array[]>;
  /** Lets the snapshot go. Idempotent, never rejects. */
  close(): Promise<void>;
}
