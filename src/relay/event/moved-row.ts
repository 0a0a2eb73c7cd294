import { readInt32 } from "../decode/big-endian.ts";
import type { Tuple } from "../decode/tuple.ts";

const XID_VALUES = 4_294_967_296;
const XID8_BYTES = 8;
/** Ids below are none of transactions. */
const FIRST_NORMAL_XID = 3;
/** Ids are compared on a circle: half of it is older, half is newer. */
const HALF = 2_147_483_648;
const ZERO = 0x30;

/**
 * Whether an inserted row was moved from another partition: Postgres writes such an UPDATE as DELETE and INSERT, and the
 * row keeps the id of the transaction that inserted it first.
 *
 * `column`: of type xid8, or NULL; `xid`: of the transaction that the row comes with, 32 bits, 0 for one that is not known, or whose ids are not those of `column`.
 */
export function isMoved(tuple: Tuple, column: number, xid: number): boolean {
  if (xid < FIRST_NORMAL_XID || tuple.isNull(column)) return false;
  const inserted = lowXid(tuple, column);
  if (inserted === null) return false;
  const age = (xid - inserted) >>> 0;
  return age !== 0 && age < HALF;
}

/** The low 32 bits of an xid8; null for a value that is no transaction's id. */
function lowXid(tuple: Tuple, column: number): number | null {
  const start = tuple.start(column);
  const end = tuple.end(column);
  if (tuple.isBinary(column)) {
    if (end - start !== XID8_BYTES) return null;
    const high = readInt32(tuple.message, start) >>> 0;
    const low = readInt32(tuple.message, start + 4) >>> 0;
    return high === 0 && low < FIRST_NORMAL_XID ? null : low;
  }
  return lowXidOfText(tuple.message, start, end);
}

/** Decimal digits, as the type's output function writes them. */
function lowXidOfText(text: Uint8Array, start: number, end: number): number | null {
  let low = 0;
  let isLarge = false;
  for (let at = start; at < end; at++) {
    const value = low * 10 + (text[at] as number) - ZERO;
    isLarge ||= value >= FIRST_NORMAL_XID;
    low = value % XID_VALUES;
  }
  return isLarge ? low : null;
}
