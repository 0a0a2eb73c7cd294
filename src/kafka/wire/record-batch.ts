import type { OutboundRecord } from "../../relay/record/outbound-record.ts";
import { copyRange } from "../../relay/record/packing.ts";
import type { BatchCompression } from "./compress/batch-compression.ts";
import { crc32c } from "./crc32c.ts";
import { varintBytes, writeVarint } from "./varint.ts";

/** Fixed part of a RecordBatch v2 (KIP-98), before the first record. */
export const BATCH_HEADER_BYTES = 61;
const MAGIC = 2;
const ATTRIBUTE_TRANSACTIONAL = 16;

/** Whose batch it is and where it stands in the producer's sequence for its partition. */
export interface BatchStamp {
  readonly producerId: bigint;
  readonly epoch: number;
  /** Of the first record. */
  readonly sequence: number;
  readonly isTransactional: boolean;
}

/** Encodes record batches in one pass, straight into the request. */
export class RecordBatchEncoder {
  readonly #compression: BatchCompression | null;

  constructor(compression: BatchCompression | null = null) {
    this.#compression = compression;
  }

  /**
   * Writes one batch of records of one topic at `at` and returns where it ends. `bytes` must have room for
   * BATCH_HEADER_BYTES and `recordBytesMax` of each record, however small the batch gets.
   */
  write(bytes: Buffer, at: number, records: readonly OutboundRecord[], stamp: BatchStamp): number {
    const baseMs = records[0]?.timestampMs ?? 0;
    let maxMs = baseMs;
    let end = at + BATCH_HEADER_BYTES;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as OutboundRecord;
      if (record.timestampMs > maxMs) maxMs = record.timestampMs;
      end = writeRecord(bytes, end, record, i, record.timestampMs - baseMs);
    }
    const plainEnd = end;
    const topic = records[0]?.topic ?? "";
    end = this.#compression?.pack(topic, bytes, at + BATCH_HEADER_BYTES, plainEnd) ?? plainEnd;
    const codec = end < plainEnd ? (this.#compression?.codecId ?? 0) : 0;
    bytes.writeBigInt64BE(0n, at);
    bytes.writeInt32BE(end - at - 12, at + 8);
    bytes.writeInt32BE(-1, at + 12);
    bytes.writeInt8(MAGIC, at + 16);
    bytes.writeInt16BE(codec | (stamp.isTransactional ? ATTRIBUTE_TRANSACTIONAL : 0), at + 21);
    bytes.writeInt32BE(records.length - 1, at + 23);
    bytes.writeBigInt64BE(BigInt(baseMs), at + 27);
    bytes.writeBigInt64BE(BigInt(maxMs), at + 35);
    bytes.writeBigInt64BE(stamp.producerId, at + 43);
    bytes.writeInt16BE(stamp.epoch, at + 51);
    bytes.writeInt32BE(stamp.sequence, at + 53);
    bytes.writeInt32BE(records.length, at + 57);
    bytes.writeUInt32BE(crc32c(bytes, at + 21, end), at + 17);
    return end;
  }
}

/** Size of a batch that holds this record alone: what `max.message.bytes` limits. */
export function singleRecordBytes({ from, to }: OutboundRecord): number {
  const size = 3 + to - from;
  return BATCH_HEADER_BYTES + varintBytes(size) + size;
}

function writeRecord(
  bytes: Buffer,
  at: number,
  { memory, from, to }: OutboundRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const deltas = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta);
  let o = writeVarint(bytes, at, deltas + to - from);
  bytes[o++] = 0;
  o = writeVarint(bytes, o, timestampDelta);
  o = writeVarint(bytes, o, offsetDelta);
  return copyRange(bytes, o, memory, from, to);
}
