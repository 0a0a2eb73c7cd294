import { ByteReader } from "./byte-reader.ts";

const ATTRIBUTE_CODEC = 7;
const ATTRIBUTE_APPEND_TIME = 8;
const ATTRIBUTE_TRANSACTIONAL = 16;
const ATTRIBUTE_CONTROL = 32;
const HEADER_BYTES = 61;
/** Up to where every message format since the first is the same: offset, length, four bytes that differ, magic. */
const COMMON_BYTES = 17;
const MAGIC_WITH_HEADERS = 2;

/** One batch as a Fetch returns it. */
export interface FetchedBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  readonly isTransactional: boolean;
  /** A marker of a transaction, not data. */
  readonly isControl: boolean;
  /** How the body is compressed: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd (KIP-98, KIP-110). */
  readonly codec: number;
  /** What the records' timestamps are relative to, ms since 1970. */
  readonly baseTimestampMs: number;
  /** The timestamp of all records where the topic has LogAppendTime; null where each has its own. */
  readonly appendTimeMs: number | null;
  readonly count: number;
  readonly body: Buffer;
}

export interface FetchedRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/**
 * The whole batches in `bytes`; a Fetch may end with part of one, which is left out. Of the formats before Kafka 0.11,
 * which have no headers, only the offsets are read: such a message shows as a batch without records.
 */
export function readBatches(bytes: Buffer): FetchedBatch[] {
  const batches: FetchedBatch[] = [];
  for (let at = 0; at + COMMON_BYTES <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const hasHeaders = bytes.readInt8(at + 16) >= MAGIC_WITH_HEADERS;
    if (end < at + (hasHeaders ? HEADER_BYTES : COMMON_BYTES))
      throw new RangeError("a record batch is shorter than its head");
    batches.push(hasHeaders ? readBatch(bytes, at, end) : oldMessage(bytes.readBigInt64BE(at)));
    at = end;
  }
  return batches;
}

function readBatch(bytes: Buffer, at: number, end: number): FetchedBatch {
  const attributes = bytes.readInt16BE(at + 21);
  const baseOffset = bytes.readBigInt64BE(at);
  const isAppendTime = (attributes & ATTRIBUTE_APPEND_TIME) !== 0;
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
    producerId: bytes.readBigInt64BE(at + 43),
    isTransactional: (attributes & ATTRIBUTE_TRANSACTIONAL) !== 0,
    isControl: (attributes & ATTRIBUTE_CONTROL) !== 0,
    codec: attributes & ATTRIBUTE_CODEC,
    baseTimestampMs: Number(bytes.readBigInt64BE(at + 27)),
    appendTimeMs: isAppendTime ? Number(bytes.readBigInt64BE(at + 35)) : null,
    count: bytes.readInt32BE(at + 57),
    body: bytes.subarray(at + HEADER_BYTES, end),
  };
}

function oldMessage(offset: bigint): FetchedBatch {
  return {
    baseOffset: offset,
    lastOffset: offset,
    producerId: -1n,
    isTransactional: false,
    isControl: false,
    codec: 0,
    baseTimestampMs: -1,
    appendTimeMs: null,
    count: 0,
    body: Buffer.alloc(0),
  };
}

/** Records of an uncompressed batch; headers are passed over. */
export function readRecords(batch: FetchedBatch): FetchedRecord[] {
  const records: FetchedRecord[] = [];
  const body = new ByteReader(batch.body);
  for (let i = 0; i < batch.count; i++) {
    const bytes = body.bytes(body.varint());
    if (bytes === null) throw new RangeError("a record has no length");
    const reader = new ByteReader(bytes);
    reader.int8(); // Attributes.
    readLongVarint(reader); // Timestamp delta.
    const offset = batch.baseOffset + BigInt(reader.varint());
    const key = reader.bytes(reader.varint());
    records.push({ offset, key, value: reader.bytes(reader.varint()) });
  }
  return records;
}

/** A timestamp delta may exceed 32 bits; its value does not matter here. */
function readLongVarint(reader: ByteReader): void {
  while (reader.int8() < 0);
}
