import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { HeaderScanner } from "../../../src/kafka/wire/header-scanner.ts";
import { RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { FetchedBatch } from "../../../src/kafka/wire/record-batch-reader.ts";
import { readBatches } from "../../../src/kafka/wire/record-batch-reader.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import type { RecordParts } from "../../../src/relay/record/pack-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../../../src/relay/record/record-bytes.ts";

const NOW_MS = 1_800_000_000_000;
const STAMP = { producerId: -1n, epoch: -1, sequence: -1, isTransactional: false };
const APPEND_TIME = 8;

type Row = readonly [offset: bigint, timestampMs: number, ...values: (string | null)[]];

function encode(records: readonly OutboundRecord[]): Buffer {
  const bytes = Buffer.alloc(records.reduce((sum, one) => sum + recordBytesMax(one), 61));
  return bytes.subarray(0, new RecordBatchEncoder().write(bytes, 0, records, STAMP));
}

function scan(bytes: Buffer, names: readonly string[]): Row[] {
  const rows: Row[] = [];
  const scanner = new HeaderScanner(names.map((name) => Buffer.from(name)));
  for (const batch of readBatches(bytes)) {
    scanner.scan(batch, batch.body, (offset, ms, values) => rows.push([offset, ms, ...values]));
  }
  return rows;
}

function record(
  headers: readonly (readonly [string, string | null])[],
  timestampMs = NOW_MS,
  { key, value }: Pick<RecordParts, "key" | "value"> = { key: Buffer.from("k"), value: null },
): OutboundRecord {
  return packRecord({
    topic: "orders",
    key,
    value,
    headers: headers.map(([name, value]) => ({
      name: Buffer.from(name),
      value: value === null ? null : Buffer.from(value),
    })),
    timestampMs,
  });
}

describe("the header scanner", () => {
  it("gives the first value of each name, and null where there is none or a null one", () => {
    const bytes = encode([
      record([
        ["i", "no"],
        ["id", "first"],
        ["ID", "no"],
        ["id", "second"],
      ]),
      record([]),
      record([
        ["position", "ä€😀"],
        ["id", null],
      ]),
      record([["id", ""]]),
    ]);
    expect(scan(bytes, ["id", "position"])).toEqual([
      [0n, NOW_MS, "first", null],
      [1n, NOW_MS, null, null],
      [2n, NOW_MS, null, "ä€😀"],
      [3n, NOW_MS, "", null],
    ]);
  });

  it("finds in any records what was written", () => {
    const text = fc.string({ maxLength: 40, unit: "binary" });
    const header = fc.tuple(fc.constantFrom("id", "position", "x", ""), fc.option(text));
    const one = fc.record({
      key: fc.uint8Array({ maxLength: 200 }),
      value: fc.option(fc.uint8Array({ maxLength: 300 })),
      headers: fc.array(header, { maxLength: 5 }),
      timestampMs: fc.integer({ min: NOW_MS - 1_000_000_000, max: NOW_MS + 1_000_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 12 }), (ones) => {
        const records = ones.map(({ headers, timestampMs, ...rest }) =>
          record(headers, timestampMs, rest),
        );
        const first = (headers: readonly (readonly [string, string | null])[], name: string) =>
          headers.find((each) => each[0] === name && each[1] !== null)?.[1] ?? null;
        const expected = ones.map(({ headers, timestampMs }, i) => {
          return [BigInt(i), timestampMs, first(headers, "id"), first(headers, "position")];
        });
        const scanned = scan(encode(records), ["id", "position"]);
        const utf8 = (value: unknown): unknown =>
          typeof value === "string" ? Buffer.from(value).toString() : value;
        expect(scanned).toEqual(expected.map((row) => row.map(utf8)));
      }),
      { numRuns: 40 },
    );
  });

  it("reads times that are far apart: a batch's base may be weeks away (KIP-534 puts a time of deletion there)", () => {
    const batch: FetchedBatch = {
      ...(readBatches(encode([record([])]))[0] as FetchedBatch),
      baseTimestampMs: NOW_MS,
      // Length, attributes, a delta of -(2^40), offset 0, no key, no value, no headers.
      body: Buffer.from([22, 0, 255, 255, 255, 255, 255, 63, 0, 1, 1, 0]),
    };
    const times: number[] = [];
    new HeaderScanner([]).scan(batch, batch.body, (_offset, ms) => times.push(ms));
    expect(times).toEqual([NOW_MS - 2 ** 40]);
  });

  it("gives every record the batch's time where the broker sets times", () => {
    const bytes = encode([record([], NOW_MS - 500), record([], NOW_MS), record([], NOW_MS - 90)]);
    bytes.writeInt16BE(APPEND_TIME, 21);
    bytes.writeBigInt64BE(BigInt(NOW_MS + 7), 35);
    expect(scan(bytes, []).map((row) => row[1])).toEqual(Array(3).fill(NOW_MS + 7));
  });
});

describe("batches of formats before Kafka 0.11", () => {
  it("show their offsets and no records", () => {
    const message = Buffer.alloc(40);
    message.writeBigInt64BE(17n, 0);
    message.writeInt32BE(28, 8);
    message.writeInt8(1, 16);
    const found = readBatches(Buffer.concat([message, encode([record([])])]));
    expect(found.map(({ lastOffset, count }) => [lastOffset, count])).toEqual([
      [17n, 0],
      [0n, 1],
    ]);
  });
});
