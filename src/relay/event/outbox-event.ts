import type { Lsn } from "../lsn.ts";

/** The business fact in one outbox row, checked, before it becomes a record. Bytes are as stored. */
export interface OutboxEvent {
  /** Text of the event id: what consumers deduplicate by. */
  readonly id: Uint8Array;
  /** Value of the routing column; the topic comes from it. */
  readonly route: string;
  readonly key: Uint8Array;
  readonly type: Uint8Array;
  /** Null for SQL NULL: a tombstone. */
  readonly payload: Uint8Array | null;
  /** Text of the row's JSON headers, not parsed yet; null when there are none. */
  readonly headers: Uint8Array | null;
  readonly commitMs: number;
  readonly commitLsn: Lsn;
  /** Number of the row within its transaction, from 1. */
  readonly index: number;
  /** ASCII of the `position` header. */
  readonly position: Uint8Array;
}
