import type { BatchStamp } from "../../../../src/kafka/wire/record-batch.ts";
import { RecordBatchEncoder } from "../../../../src/kafka/wire/record-batch.ts";
import type { OutboundRecord, RecordHeader } from "../../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../../../../src/relay/record/record-bytes.ts";
import type { PartitionLog } from "../../../support/brokers/partition-log.ts";

const NOBODY: BatchStamp = { producerId: -1n, epoch: -1, sequence: -1, isTransactional: false };

export interface WrittenRecord {
  /** Undefined: the record has no such header; null: one without a value. */
  readonly id?: string | null;
  readonly position?: string;
  readonly timestampMs: number;
  readonly value?: string | null;
  /** Bytes of another header. */
  readonly fillBytes?: number;
}

/** Writes batches straight into a model's log, as one producer for each name. */
export class LogWriter {
  readonly #log: PartitionLog;
  readonly #encoder = new RecordBatchEncoder();
  readonly #producers = new Map<string, { readonly producerId: bigint; sequence: number }>();

  constructor(log: PartitionLog) {
    this.#log = log;
  }

  plain(records: readonly WrittenRecord[], producer = "plain"): void {
    this.#write(records, producer, false);
  }

  /** Opens the producer's transaction, or goes on with it. */
  open(records: readonly WrittenRecord[], producer: string): void {
    this.#write(records, producer, true);
  }

  end(producer: string, isCommit: boolean, atMs = Date.now()): void {
    this.#log.mark(this.#producer(producer).producerId, 0, isCommit, atMs);
  }

  /** A batch of a producer without sequences, whose bytes `change` may alter first. */
  altered(records: readonly WrittenRecord[], change: (batch: Buffer) => Buffer): void {
    const error = this.#log.append(change(this.#encode(records, NOBODY)));
    if (error !== 0) throw new Error(`the model does not take it: ${error}`);
  }

  #write(written: readonly WrittenRecord[], producer: string, isTransactional: boolean): void {
    const state = this.#producer(producer);
    const { producerId, sequence } = state;
    state.sequence += written.length;
    const stamp = { producerId, epoch: 0, sequence, isTransactional };
    const error = this.#log.append(this.#encode(written, stamp));
    if (error !== 0) throw new Error(`the model does not take it: ${error}`);
  }

  #encode(written: readonly WrittenRecord[], stamp: BatchStamp): Buffer {
    const records = written.map((one) => toRecord(this.#log.topic, one));
    const bytes = Buffer.alloc(records.reduce((sum, one) => sum + recordBytesMax(one), 61));
    return bytes.subarray(0, this.#encoder.write(bytes, 0, records, stamp));
  }

  #producer(name: string): { readonly producerId: bigint; sequence: number } {
    const known = this.#producers.get(name);
    if (known !== undefined) return known;
    const state = { producerId: BigInt(1_000 + this.#producers.size), sequence: 0 };
    this.#producers.set(name, state);
    return state;
  }
}

function toRecord(topic: string, one: WrittenRecord): OutboundRecord {
  const { id, position, timestampMs, value = "v", fillBytes = 0 } = one;
  const headers: RecordHeader[] = [{ name: Buffer.from("other"), value: Buffer.alloc(fillBytes) }];
  if (id !== undefined)
    headers.push({ name: Buffer.from("id"), value: id === null ? null : Buffer.from(id) });
  if (position !== undefined)
    headers.push({ name: Buffer.from("position"), value: Buffer.from(position) });
  const bytes = value === null ? null : Buffer.from(value);
  return packRecord({ topic, key: Buffer.from("k"), value: bytes, headers, timestampMs });
}
