import pg from "pg";
import type { Watermark } from "../../relay/watermark.ts";

/** Transactions between a watermark and a later snapshot of the same server. */
export interface XidRange {
  /** The watermark's `pg_snapshot` as text; null: there is none, and every transaction is meant. */
  readonly snapshot: string | null;
  /** The watermark's oldest transaction that was running: all below it had ended. */
  readonly oldestRunning: bigint;
  /** Above every transaction that the later snapshot shows. */
  readonly end: bigint;
}

/** `now`: the `pg_snapshot` under which the tables are read, as text. */
export function xidRange(since: Watermark | null, now: string): XidRange {
  const snapshot = since?.snapshot ?? null;
  const oldestRunning = snapshot === null ? 0n : bounds(snapshot).xmin;
  return { snapshot, oldestRunning, end: bounds(now).xmax };
}

/** Of a `pg_snapshot`, `xmin:xmax:xip`. */
function bounds(snapshot: string): { readonly xmin: bigint; readonly xmax: bigint } {
  const [xmin = "", xmax = ""] = snapshot.split(":");
  return { xmin: BigInt(xmin), xmax: BigInt(xmax) };
}

/** SQL: whether a `pg_snapshot` shows the transaction that wrote the row. */
export function isWriterShown(xids: XidRange, snapshot: string): string {
  return `pg_visible_in_snapshot(greatest(${writerXid(xids)}, 0)::text::xid8, ${pg.escapeLiteral(snapshot)}::pg_snapshot)`;
}

const XMIN_MASK = 2n ** 32n - 1n;

/**
 * SQL for the transaction that wrote a row, with its epoch: the highest one up to the range's end whose last 32 bits are
 * the row's `xmin`. A frozen row keeps these bits; one that is older than 2^32 transactions looks newer than it is, so
 * that it is a candidate.
 */
export function writerXid({ end }: XidRange): string {
  return `(${end} - ((${end} - xmin::text::bigint) & ${XMIN_MASK}))`;
}
