import type { Lsn } from "../lsn.ts";
import { lsn } from "../lsn.ts";

/**
 * Rows from before a slot go out as one transaction whose commit record would lie one byte below the slot's beginning:
 * above all that was published before, below all that the stream brings. WAL records are aligned to 8 bytes, so that no
 * real one starts there.
 */
export function backfillCommitLsn(until: Lsn): Lsn {
  return lsn(until - 1n);
}
