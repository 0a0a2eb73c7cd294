import { describe, expect, it } from "@jest/globals";
import { BatchCompression } from "../../../src/kafka/wire/compress/batch-compression.ts";
import type { CodecName } from "../../../src/kafka/wire/compress/codec.ts";
import { loadCodec } from "../../../src/kafka/wire/compress/load-codec.ts";
import { crc32c } from "../../../src/kafka/wire/crc32c.ts";
import { decompress } from "../../../src/kafka/wire/decompress.ts";
import { BATCH_HEADER_BYTES, RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { FetchedBatch } from "../../../src/kafka/wire/record-batch-reader.ts";
import { readBatches, readRecords } from "../../../src/kafka/wire/record-batch-reader.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../../../src/relay/record/record-bytes.ts";
import { valueOf } from "../../../src/relay/record/record-view.ts";
import { OrderPayloads } from "../../support/order-payloads.ts";
import { randomFrom } from "../../support/random.ts";

const STAMP = { producerId: 4_711n, epoch: 3, sequence: 17, isTransactional: true };
const CHECKPOINTS = "checkpoints";
/** Lies before the batch, as the request's own fields do. */
const BEFORE = 11;

interface Written {
  readonly bytes: Buffer;
  readonly batch: FetchedBatch;
  /** Plain and sent, of each body that was to be packed. */
  readonly told: (readonly [number, number])[];
}

function written(records: readonly OutboundRecord[], name: CodecName = "zstd"): Written {
  const told: (readonly [number, number])[] = [];
  const compression = new BatchCompression(loadCodec(name), CHECKPOINTS, {
    compressed: (plain, sent) => void told.push([plain, sent]),
  });
  const room = records.reduce((sum, one) => sum + recordBytesMax(one), BATCH_HEADER_BYTES);
  const memory = Buffer.alloc(BEFORE + room, 0xee);
  const end = new RecordBatchEncoder(compression).write(memory, BEFORE, records, STAMP);
  expect(memory.subarray(0, BEFORE)).toEqual(Buffer.alloc(BEFORE, 0xee));
  const bytes = memory.subarray(BEFORE, end);
  const [batch, ...others] = readBatches(bytes);
  if (batch === undefined || others.length > 0) throw new Error("it is not one batch");
  return { bytes, batch, told };
}

function event(value: string | Buffer, topic = "orders"): OutboundRecord {
  const parts = { key: Buffer.from("k"), value: Buffer.from(value), headers: [] };
  return packRecord({ topic, timestampMs: 7, ...parts });
}

function events(count: number, topic?: string): OutboundRecord[] {
  const payloads = new OrderPayloads(count);
  return Array.from({ length: count }, () => event(payloads.next(), topic));
}

function noise(bytes: number): Buffer {
  const random = randomFrom(bytes);
  return Buffer.from(Array.from({ length: bytes }, () => Math.floor(random() * 256)));
}

function values(batch: FetchedBatch): (string | undefined)[] {
  const body = decompress(batch.codec, batch.body, 16 * 1024 * 1024);
  return readRecords({ ...batch, body }).map(({ value }) => value?.toString());
}

describe("a batch that is compressed", () => {
  it.each([
    ["gzip", 1],
    ["snappy", 2],
    ["lz4", 3],
    ["zstd", 4],
  ] as const)("holds the same records and says how it is packed: %s", (name, id) => {
    const records = events(200);
    const { batch } = written(records, name);
    expect(batch).toMatchObject({ codec: id, count: 200, isTransactional: true, isControl: false });
    expect(values(batch)).toEqual(records.map((one) => Buffer.from(valueOf(one) ?? "").toString()));
  });

  it("counts length and checksum over the packed form, and nothing is left behind it", () => {
    const { bytes, batch } = written(events(200));
    expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
    expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes, 21, bytes.length));
    expect(batch.body.length).toBe(bytes.length - BATCH_HEADER_BYTES);
  });

  it("is reported with what it was and what it is", () => {
    const { batch, told } = written(events(200));
    const plain = decompress(batch.codec, batch.body, 1_000_000).length;
    expect(told).toEqual([[plain, batch.body.length]]);
    expect(batch.body.length).toBeLessThan(plain / 2);
  });
});

describe("a batch that stays plain", () => {
  it("is one of 4 KiB or less; one byte more and it is packed", () => {
    const around = (bytes: number): Written => written([event("x".repeat(bytes))]);
    const overhead = around(3_000).batch.body.length - 3_000;
    const last = around(4_096 - overhead);
    expect([last.batch.codec, last.batch.body.length, last.told]).toEqual([0, 4_096, []]);
    expect(around(4_097 - overhead).batch.codec).toBe(4);
  });

  it.each(["gzip", "snappy", "lz4", "zstd"] as const)(
    "is one that would not get smaller: %s",
    (name) => {
      const value = noise(50_000);
      const { batch, told } = written([event(value)], name);
      expect(batch.codec).toBe(0);
      expect(readRecords(batch)[0]?.value?.equals(value)).toBe(true);
      expect(told).toEqual([[batch.body.length, batch.body.length]]);
    },
  );

  it("is any of the checkpoint topic, however large", () => {
    const { batch, told } = written(events(200, CHECKPOINTS));
    expect([batch.codec, batch.count, told]).toEqual([0, 200, []]);
  });
});
