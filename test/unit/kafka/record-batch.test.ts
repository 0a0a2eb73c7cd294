import { createRequire } from "node:module";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { crc32c } from "../../../src/kafka/wire/crc32c.ts";
import { Crc32cTables } from "../../../src/kafka/wire/crc32c-tables.ts";
import type { BatchStamp } from "../../../src/kafka/wire/record-batch.ts";
import {
  BATCH_HEADER_BYTES,
  RecordBatchEncoder,
  singleRecordBytes,
} from "../../../src/kafka/wire/record-batch.ts";
import { readBatches, readRecords } from "../../../src/kafka/wire/record-batch-reader.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import type { RecordParts } from "../../../src/relay/record/pack-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../../../src/relay/record/record-bytes.ts";

interface DecodedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | null>>;
}

interface DecodedBatch {
  readonly maxTimestamp: string;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly inTransaction: boolean;
  readonly records: readonly DecodedRecord[];
}

// A decoder that is not ours: what we write must be read by others.
const require = createRequire(import.meta.url);
const Decoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => unknown;
const decodeBatch = require("kafkajs/src/protocol/recordBatch/v0/decoder") as (
  decoder: unknown,
) => Promise<DecodedBatch>;

const STAMP: BatchStamp = { producerId: 4_711n, epoch: 3, sequence: 17, isTransactional: true };
const NOW_MS = 1_800_000_000_000;

function record(over: Partial<RecordParts> = {}): OutboundRecord {
  return packRecord({
    topic: "orders",
    key: Buffer.from("key"),
    value: Buffer.from("value"),
    headers: [],
    timestampMs: NOW_MS,
    ...over,
  });
}

function encode(records: readonly OutboundRecord[], stamp = STAMP): Buffer {
  const room = records.reduce((sum, one) => sum + recordBytesMax(one), BATCH_HEADER_BYTES);
  const bytes = Buffer.alloc(room);
  const end = new RecordBatchEncoder().write(bytes, 0, records, stamp);
  expect(end).toBeLessThanOrEqual(room);
  return bytes.subarray(0, end);
}

function decode(batch: Buffer): Promise<DecodedBatch> {
  return decodeBatch(new Decoder(batch));
}

function plain(one: RecordParts): Pick<DecodedRecord, "key" | "value" | "timestamp"> {
  return {
    key: Buffer.from(one.key),
    value: one.value === null ? null : Buffer.from(one.value),
    timestamp: String(one.timestampMs),
  };
}

describe("the record batch encoder", () => {
  it("stamps a batch with the producer, its epoch, sequence and transaction", async () => {
    expect(await decode(encode([record(), record()]))).toMatchObject({
      producerId: "4711",
      producerEpoch: 3,
      firstSequence: 17,
      inTransaction: true,
    });
    const { inTransaction } = await decode(
      encode([record()], { ...STAMP, isTransactional: false }),
    );
    expect(inTransaction).toBe(false);
  });

  it("writes headers, null values and empty ones so that kafkajs reads them back", async () => {
    const headers = [
      { name: Buffer.from("id"), value: Buffer.from("ä€😀") },
      { name: Buffer.from("nothing"), value: null },
    ];
    const { records } = await decode(
      encode([record({ headers }), record({ value: null }), record({ value: Buffer.alloc(0) })]),
    );
    expect(records[0]?.headers["id"]?.toString()).toBe("ä€😀");
    expect(records[0]?.headers["nothing"]).toBeNull();
    expect(records.map(({ value }) => value)).toEqual([
      Buffer.from("value"),
      null,
      Buffer.alloc(0),
    ]);
  });

  it("keeps each record's own time and names the latest as the batch's", async () => {
    const times = [NOW_MS, NOW_MS + 90, NOW_MS - 5_000, NOW_MS + 7];
    const batch = await decode(encode(times.map((timestampMs) => record({ timestampMs }))));
    expect(batch.records.map(({ timestamp }) => Number(timestamp))).toEqual(times);
    expect(Number(batch.maxTimestamp)).toBe(NOW_MS + 90);
  });

  it("writes any records so that kafkajs and our own reader read them back", async () => {
    const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
    const header = fc.record({ name: bytes(20), value: fc.option(bytes(200)) });
    const any = fc.record({
      topic: fc.constant("orders"),
      key: bytes(80),
      value: fc.option(bytes(9_000)),
      headers: fc.array(header, { maxLength: 4 }),
      timestampMs: fc.integer({ min: NOW_MS - 1_000_000_000, max: NOW_MS + 1_000_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(any, { minLength: 1, maxLength: 40 }), async (records) => {
        const batch = encode(records.map(packRecord));
        const { records: read } = await decode(batch);
        expect(read.map(({ key, value, timestamp }) => ({ key, value, timestamp }))).toEqual(
          records.map(plain),
        );
        const [own] = readBatches(batch);
        const ownRead = own === undefined ? [] : readRecords(own);
        expect(ownRead.map(({ key, value }) => ({ key, value }))).toEqual(
          records.map(plain).map(({ key, value }) => ({ key, value })),
        );
      }),
      { numRuns: 150 },
    );
  });

  it("knows the exact size of a batch of one record, which max.message.bytes limits", () => {
    for (const length of [0, 1, 63, 64, 8_191, 8_192, 1_048_576]) {
      const one = record({
        value: Buffer.alloc(length),
        headers: [{ name: Buffer.from("id"), value: null }],
      });
      expect(singleRecordBytes(one)).toBe(encode([one]).length);
    }
  });

  it("leaves out the cut-off batch at the end of what was fetched", () => {
    const whole = encode([record()]);
    const cut = Buffer.concat([whole, whole.subarray(0, whole.length - 1)]);
    expect(readBatches(cut)).toHaveLength(1);
    expect(readBatches(Buffer.concat([whole, whole]))).toHaveLength(2);
  });
});

describe("CRC-32C", () => {
  // RFC 3720, B.4, and the check value of the polynomial.
  it.each([
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 times 0xff", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["nothing", Buffer.alloc(0), 0],
  ])("of %s is the published value", (_, bytes, expected) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
    expect(new Crc32cTables().of(bytes, 0, bytes.length)).toBe(expected);
  });

  it("looks at the given part only, wherever it starts", () => {
    const text = Buffer.from("xx123456789yyy");
    expect(crc32c(text, 2, 11)).toBe(0xe3069283);
    expect(new Crc32cTables().of(text, 2, 11)).toBe(0xe3069283);
  });
});
