import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { produceRequest, requestBytesMax } from "../../../src/kafka/api/produce.ts";
import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import { ByteWriter } from "../../../src/kafka/wire/byte-writer.ts";
import { HeaderScanner } from "../../../src/kafka/wire/header-scanner.ts";
import { BATCH_HEADER_BYTES, RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import { readBatches, readRecords } from "../../../src/kafka/wire/record-batch-reader.ts";
import { varintBytes, writeVarint } from "../../../src/kafka/wire/varint.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { writeLength } from "../../../src/relay/record/packing.ts";
import { recordBytesMax } from "../../../src/relay/record/record-bytes.ts";
import { headersOf } from "../../../src/relay/record/record-view.ts";

const STAMP = { producerId: 7n, epoch: 1, sequence: 5, isTransactional: true };
const BASE_MS = Date.UTC(2026, 0, 1);
/** Where a varint gets another byte, or the bit operators end. */
const EDGES = [6, 7, 13, 14, 20, 21, 27, 28, 30, 31, 32, 34, 35, 41, 42, 48, 49, 51].flatMap(
  (bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1],
);

function at(timestampMs: number): OutboundRecord {
  const parts = { key: Buffer.from("k"), value: Buffer.from("v"), headers: [] };
  return packRecord({ topic: "t", timestampMs, ...parts });
}

/** The times that a consumer sees. */
function published(timesMs: readonly number[]): number[] {
  const records = timesMs.map(at);
  const bytes = Buffer.alloc(
    records.reduce((sum, one) => sum + recordBytesMax(one), BATCH_HEADER_BYTES),
  );
  const end = new RecordBatchEncoder().write(bytes, 0, records, STAMP);
  const seen: number[] = [];
  const scanner = new HeaderScanner([]);
  for (const batch of readBatches(bytes.subarray(0, end))) {
    scanner.scan(batch, batch.body, (_, timestampMs) => seen.push(timestampMs));
    expect(readRecords(batch).map(({ value }) => String(value))).toEqual(timesMs.map(() => "v"));
  }
  return seen;
}

describe("a difference of times within a batch", () => {
  it.each([0, ...EDGES])("of %d ms, either way, arrives as it is", (deltaMs) => {
    const times = [BASE_MS, BASE_MS + deltaMs, BASE_MS - deltaMs, BASE_MS + 1];
    expect(published(times)).toEqual(times);
  });

  it("of any size arrives as it is", () => {
    const time = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 8 }), (times) => {
        expect(published(times)).toEqual(times);
      }),
    );
  });
});

describe("a varint", () => {
  it.each(EDGES.flatMap((edge) => [edge, -edge]))("of %d reads back and has its size", (value) => {
    const bytes = Buffer.alloc(10);
    const end = writeVarint(bytes, 0, value);
    expect(end).toBe(varintBytes(value));
    expect(zigzagOf(bytes.subarray(0, end))).toBe(BigInt(value));
  });

  it("that has no exact double is refused, not rounded", () => {
    expect(() => writeVarint(Buffer.alloc(10), 0, Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
  });

  it.each([0, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1])(
    "without a sign holds %d",
    (value) => {
      expect(new ByteReader(new ByteWriter().uvarint(value).done()).uvarint()).toBe(value);
    },
  );

  it("of more than 32 bits in an answer is refused, not cut", () => {
    const tooLong = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
    expect(() => new ByteReader(tooLong).uvarint()).toThrow(RangeError);
  });

  it.each([-1, 0, 63, 64, 2 ** 20, 2 ** 27, 2 ** 28, 2 ** 31 - 1])(
    "that is the length %d of a key, value or header reads back",
    (length) => {
      const bytes = Buffer.alloc(5);
      const end = writeLength(bytes, 0, length);
      expect(zigzagOf(bytes.subarray(0, end))).toBe(BigInt(length));
    },
  );
});

describe("the length of a batch in a request", () => {
  it.each([100, 2 ** 14, 2 ** 21, 2 ** 28 - 2, 2 ** 28 - 1, 2 ** 28, 2 ** 30])(
    "of %d bytes reads back, and what follows it, too",
    (size) => {
      // Memory that nobody touches is only promised by the system; nothing is written but the frame.
      const record = { topic: "t", timestampMs: 0, memory: Buffer.alloc(0), from: 0, to: size };
      const batches = [{ topic: "t", partition: 3, records: [record], sequence: 0 }];
      const encoder = { write: (_: Buffer, from: number) => from + size };
      const options = { apiVersion: 12, transactionalId: "id", timeoutMs: 1 } as const;
      const memory = Buffer.allocUnsafeSlow(requestBytesMax(batches));
      const identity = { producerId: 1n, epoch: 2 };
      const { payload } = produceRequest(
        encoder as unknown as RecordBatchEncoder,
        batches,
        { ...options, identity },
        memory,
      );
      const reader = new ByteReader(payload);
      reader.tags();
      expect([reader.compactString(), reader.int16(), reader.int32()]).toEqual(["id", -1, 1]);
      reader.compactArray(() => {
        expect(reader.compactString()).toBe("t");
        reader.compactArray(() => {
          expect(reader.int32()).toBe(3);
          expect(reader.bytes(reader.uvarint() - 1)?.length).toBe(size);
          reader.tags();
        });
        reader.tags();
      });
      reader.tags();
      expect(() => reader.int8()).toThrow(RangeError);
    },
  );
});

describe("headers", () => {
  it.each([0, 63, 64, 8_191, 8_192, 20_000])("%d of them are counted and kept", (count) => {
    const header = { name: Buffer.from("n"), value: Buffer.from("v") };
    const headers = Array.from({ length: count }, () => header);
    const record = packRecord({
      topic: "t",
      key: Buffer.from("k"),
      value: null,
      headers,
      timestampMs: BASE_MS,
    });
    expect(headersOf(record)).toHaveLength(count);
    const bytes = Buffer.alloc(recordBytesMax(record) + BATCH_HEADER_BYTES);
    const end = new RecordBatchEncoder().write(bytes, 0, [record], STAMP);
    const names: (string | null)[] = [];
    for (const batch of readBatches(bytes.subarray(0, end)))
      new HeaderScanner([Buffer.from("n")]).scan(batch, batch.body, (_, __, [value = null]) =>
        names.push(value),
      );
    expect(names).toEqual([count > 0 ? "v" : null]);
  });
});

/** Read with BigInt, so that nothing of what is tested is used. */
function zigzagOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const [place, byte] of bytes.entries()) value |= BigInt(byte & 127) << BigInt(7 * place);
  return (value >> 1n) ^ -(value & 1n);
}
