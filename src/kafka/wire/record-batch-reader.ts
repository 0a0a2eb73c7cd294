import { ByteReader } from "./byte-reader.ts";

const ATTRIBUTE_CODEC = 7;
const ATTRIBUTE_TRANSACTIONAL = 16;
const ATTRIBUTE_CONTROL = 32;
const HEADER_BYTES = 61;

/** One batch as a Fetch returns it. */
export interface FetchedBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  readonly isTransactional: boolean;
  /** A marker of a transaction, not data. */
  readonly isControl: boolean;
  readonly isCompressed: boolean;
  readonly count: number;
  readonly body: Buffer;
}

export interface FetchedRecord {
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** The whole batches in `bytes`; a Fetch may end with part of one, which is left out. */
export function readBatches(bytes: Buffer): FetchedBatch[] {
  const batches: FetchedBatch[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const attributes = bytes.readInt16BE(at + 21);
    const baseOffset = bytes.readBigInt64BE(at);
    batches.push({
      baseOffset,
      lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
      producerId: bytes.readBigInt64BE(at + 43),
      isTransactional: (attributes & ATTRIBUTE_TRANSACTIONAL) !== 0,
      isControl: (attributes & ATTRIBUTE_CONTROL) !== 0,
      isCompressed: (attributes & ATTRIBUTE_CODEC) !== 0,
      count: bytes.readInt32BE(at + 57),
      body: bytes.subarray(at + HEADER_BYTES, end),
    });
    at = end;
  }
  return batches;
}

/** Records of an uncompressed batch; headers are passed over. */
export function readRecords(batch: FetchedBatch): FetchedRecord[] {
  const records: FetchedRecord[] = [];
  const body = new ByteReader(batch.body);
  for (let i = 0; i < batch.count; i++) {
    const reader = new ByteReader(body.bytes(body.varint()) as Buffer);
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
