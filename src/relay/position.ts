import { writeHex32 } from "./hex.ts";
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
export function covers(
  position: Omit<Position, "timeline">,
  commitLsn: Lsn,
  index: number,
): boolean {
  if (commitLsn !== position.commitLsn) return commitLsn < position.commitLsn;
  return index <= position.index;
}

function hex(value: bigint | number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

/** Length of the `position` header. */
export const POSITION_BYTES = 34;
const SLASH = 0x2f;
const LSN_AT = 9;
const INDEX_AT = 26;

/** `TTTTTTTT/CCCCCCCCCCCCCCCC/NNNNNNNN`: text order is position order. */
export function formatPosition(position: Position): string {
  return `${hex(position.timeline, 8)}/${hex(position.commitLsn, 16)}/${hex(position.index, 8)}`;
}

/** The part of `formatPosition` that the rows of one transaction share, as ASCII into POSITION_BYTES of room. */
export function writePosition(text: Uint8Array, timeline: number, commitLsn: Lsn): void {
  writeHex32(text, 0, timeline);
  text[LSN_AT - 1] = SLASH;
  writeHex32(text, LSN_AT, Number(commitLsn >> 32n));
  writeHex32(text, LSN_AT + 8, Number(commitLsn & 0xffff_ffffn));
  text[INDEX_AT - 1] = SLASH;
}

/** The rest of it. */
export function writePositionIndex(text: Uint8Array, index: number): void {
  writeHex32(text, INDEX_AT, index);
}
