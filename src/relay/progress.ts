import type { Lsn } from "./lsn.ts";
import { formatLsn, LSN_ZERO, lsn, maxLsn } from "./lsn.ts";

/** A position together with what it lets Postgres forget. */
export interface Progress {
  readonly commitLsn: Lsn;
  /** Outbox rows of the transaction at `commitLsn`, counted from 1. */
  readonly index: number;
  /** The byte after that transaction's commit record; null while it is not known to be complete. */
  readonly endLsn: Lsn | null;
  /** Highest keepalive outside a transaction with everything before it covered; 0/0 when there was none. */
  readonly keepaliveLsn: Lsn;
}

export const NO_PROGRESS: Progress = {
  commitLsn: LSN_ZERO,
  index: 0,
  endLsn: null,
  keepaliveLsn: LSN_ZERO,
};

/**
 * What may be confirmed to Postgres: every transaction whose commit record starts below it is covered.
 * An incomplete transaction is sent again whole, since its commit record starts at `commitLsn`.
 */
export function coveredLsn(progress: Progress): Lsn {
  return maxLsn(progress.endLsn ?? progress.commitLsn, progress.keepaliveLsn);
}

function isBehind(a: Progress, b: Progress): boolean {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn;
  if (a.index !== b.index) return a.index < b.index;
  return a.endLsn === null;
}

/** The one that is further along; keepalives count apart. */
export function furtherProgress(a: Progress, b: Progress): Progress {
  const further = isBehind(a, b) ? b : a;
  return { ...further, keepaliveLsn: maxLsn(a.keepaliveLsn, b.keepaliveLsn) };
}

/**
 * How far the WAL of a server must reach that the progress is of: past the commit record of a transaction that was
 * published in part, too, for that record begins at `commitLsn` and nothing of it lies below.
 */
export function reachedLsn(progress: Progress): Lsn {
  const { commitLsn, index, endLsn } = progress;
  const isInside = endLsn === null && index > 0;
  return maxLsn(coveredLsn(progress), isInside ? lsn(commitLsn + 1n) : LSN_ZERO);
}

/** Whether `progress` covers something that `stood` does not. */
export function isPast(progress: Progress, stood: Progress): boolean {
  if (coveredLsn(progress) > coveredLsn(stood)) return true;
  return progress.commitLsn === stood.commitLsn && progress.index > stood.index;
}

export function formatProgress(progress: Progress): string {
  return `${formatLsn(progress.commitLsn)} row ${progress.index}`;
}
