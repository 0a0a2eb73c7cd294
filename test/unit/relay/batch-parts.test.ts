import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { OutboxRecord } from "../../../src/relay/event/outbox-record.ts";
import { LSN_ZERO, lsn } from "../../../src/relay/lsn.ts";
import { NO_PROGRESS } from "../../../src/relay/progress.ts";
import { Batch } from "../../../src/relay/publish/batch.ts";
import type { Part } from "../../../src/relay/publish/parts.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";

interface Row {
  readonly topic: string;
  readonly timestampMs: number;
}

const anyRows = fc.array(
  fc.record({ topic: fc.constantFrom("a", "b"), timestampMs: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 40 },
);

function recordOf({ topic, timestampMs }: Row, at: number): OutboxRecord {
  const value = Buffer.alloc(at);
  const { memory, from, to } = packRecord({
    topic,
    key: Buffer.alloc(0),
    value,
    headers: [],
    timestampMs,
  });
  const transaction = { commitLsn: lsn(BigInt(at) + 1n), commitMs: timestampMs, xid: 7 };
  return new OutboxRecord(topic, transaction, 1, memory, from, to);
}

function batchOf(rows: readonly Row[]): Batch {
  const batch = new Batch(NO_PROGRESS);
  for (const [at, row] of rows.entries()) {
    batch.add(recordOf(row, at), 0);
  }
  return batch;
}

/** The slow way. */
function expected({ records }: Batch): Part[] {
  const parts: { topic: string; timestampMs: number; events: number; bytes: number }[] = [];
  for (const { topic, timestampMs, bytes } of records) {
    const last = parts.at(-1);
    const isSame = last?.topic === topic && last.timestampMs === timestampMs;
    if (!isSame) parts.push({ topic, timestampMs, events: 0, bytes: 0 });
    const part = parts.at(-1) as (typeof parts)[number];
    part.events += 1;
    part.bytes += bytes;
  }
  return parts;
}

describe("the parts of a batch", () => {
  it("count its records by topic and time, in their order", () => {
    const batch = batchOf([
      { topic: "a", timestampMs: 1 },
      { topic: "a", timestampMs: 1 },
      { topic: "b", timestampMs: 1 },
      { topic: "a", timestampMs: 2 },
    ]);
    expect(batch.parts.map(({ topic, events }) => `${topic}${events}`)).toEqual(["a2", "b1", "a1"]);
    expect(batch.parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(batch.bytes);
    expect(new Batch(NO_PROGRESS).parts).toEqual([]);
  });

  it("stay right when a batch is cut or loses what is published", () => {
    fc.assert(
      fc.property(anyRows, fc.nat(40), fc.nat(40), (rows, count, covered) => {
        const batch = batchOf(rows);
        const head = batch.cut(Math.min(count, rows.length), NO_PROGRESS);
        expect(head.parts).toEqual(expected(head));
        expect(batch.parts).toEqual(expected(batch));
        batch.drop(({ commitLsn }) => commitLsn - LSN_ZERO <= BigInt(covered));
        expect(batch.parts).toEqual(expected(batch));
      }),
    );
  });
});
