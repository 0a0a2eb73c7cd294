import type { TransactionStart } from "../decode/pgoutput-decoder.ts";
import type { Lsn } from "../lsn.ts";
import type { OutboundRecord } from "../record/outbound-record.ts";
import { recordBytesMax } from "../record/record-bytes.ts";
import { headerOf } from "../record/record-view.ts";

/** What one event becomes in Kafka, and where it came from. One object and no other for each row. */
export class OutboxRecord implements OutboundRecord {
  readonly topic: string;
  readonly transaction: TransactionStart;
  /** Number of the row within its transaction, from 1. */
  readonly index: number;
  readonly memory: Uint8Array;
  readonly from: number;
  readonly to: number;

  constructor(
    topic: string,
    transaction: TransactionStart,
    index: number,
    memory: Uint8Array,
    from: number,
    to: number,
  ) {
    this.topic = topic;
    this.transaction = transaction;
    this.index = index;
    this.memory = memory;
    this.from = from;
    this.to = to;
  }

  get timestampMs(): number {
    return this.transaction.commitMs;
  }

  get commitLsn(): Lsn {
    return this.transaction.commitLsn;
  }

  /** What it takes on the wire, at most. */
  get bytes(): number {
    return recordBytesMax(this);
  }

  get id(): Uint8Array {
    return headerOf(this, "id") ?? new Uint8Array(0);
  }
}
