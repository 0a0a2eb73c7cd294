import type { Lsn } from "./lsn.ts";

/**
 * How far the outbox has been read or published: all transactions whose commit record starts below
 * `commitLsn`, and the first `index` outbox rows of the one that starts at `commitLsn`.
 *
 * An LSN alone is no position: the rows of one COPY share an LSN, row LSNs run backwards between
 * transactions, and a promoted server uses LSNs again.
 */
export interface Position {
  readonly timeline: number;
  readonly commitLsn: Lsn;
  /** Rows counted from 1; 0 means none of this transaction. */
  readonly index: number;
}

/** Whether the row numbered `index` (from 1) of the transaction at `commitLsn` lies at or below `position`. */
export function covers(position: Position, commitLsn: Lsn, index: number): boolean {
  if (commitLsn !== position.commitLsn) return commitLsn < position.commitLsn;
  return index <= position.index;
}

function hex(value: bigint | number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

/** The part of the `position` header that the rows of one transaction share, up to the last slash. */
export function positionPrefix(timeline: number, commitLsn: Lsn): string {
  return `${hex(timeline, 8)}/${hex(commitLsn, 16)}/`;
}

/** `TTTTTTTT/CCCCCCCCCCCCCCCC/NNNNNNNN`: text order is position order. */
export function formatPosition(position: Position): string {
  return positionPrefix(position.timeline, position.commitLsn) + hex(position.index, 8);
}
