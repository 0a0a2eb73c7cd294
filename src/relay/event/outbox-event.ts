import type { TransactionStart } from "../decode/pgoutput-decoder.ts";
import type { Field } from "./field.ts";

/**
 * The business fact in one outbox row, checked, before it becomes a record. Bytes are as stored.
 * One object serves all rows, so it holds until the next row is read.
 */
export interface OutboxEvent {
  /** Text of the event id: what consumers deduplicate by. */
  readonly id: Field;
  /** Value of the routing column; the topic comes from it. */
  readonly route: Field;
  readonly key: Field;
  readonly type: Field;
  /** SQL NULL is a tombstone. */
  readonly payload: Field;
  /** Text of the row's JSON headers, not parsed yet; null when there are none. */
  readonly headers: Field;
  readonly transaction: TransactionStart;
  /** Number of the row within its transaction, from 1. */
  readonly index: number;
  /** ASCII of the `position` header. */
  readonly position: Uint8Array;
}
