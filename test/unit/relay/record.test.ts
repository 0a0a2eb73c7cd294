import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { partitionOf, recordPartition } from "../../../src/kafka/partitioner.ts";
import { StreamTally } from "../../../src/relay/capture/stream-tally.ts";
import type { OutboxRecord } from "../../../src/relay/event/outbox-record.ts";
import { Intake } from "../../../src/relay/intake.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { RecordMemory } from "../../../src/relay/record/record-memory.ts";
import { headerOf, keyOf, unpackRecord, valueOf } from "../../../src/relay/record/record-view.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";
import { MODEL_OPTIONS, modelRelations } from "../../support/model/model-relay.ts";
import { beginBytes, insertBytes, relationBytes } from "../../support/model/pgoutput-bytes.ts";

const TEXT = 25;
const COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"];

/** Rows through one intake, each message's bytes wiped once it was handed over, as a driver does with its buffer. */
function recordsOf(rows: readonly (readonly string[])[]): OutboxRecord[] {
  const records: OutboxRecord[] = [];
  const intake = new Intake(
    MODEL_OPTIONS.outbox,
    new TimelineHistory(1, null),
    { begin: () => undefined, record: (one) => records.push(one), commit: () => undefined },
    { tally: new StreamTally(), backfillUntil: null },
    modelRelations(),
  );
  const hand = (message: Uint8Array): void => {
    intake.message(message);
    message.fill(0);
  };
  const columns = COLUMNS.map((name) => ({ name, typeOid: TEXT }));
  hand(relationBytes(1, "public", "outbox", columns));
  hand(beginBytes(lsn(16n), 1_700_000_000_000));
  for (const row of rows) hand(insertBytes(1, row));
  return records;
}

function text(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString();
}

describe("records of rows", () => {
  it("keep their bytes when the driver writes over its buffer, and never those of another row", () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => [
      `e-${i}`,
      `topic-${i % 700}`,
      `k${i}`,
      "Type",
      `${i}:`.repeat(1 + (i % 97)),
    ]);
    // One above half a block of shared memory, one of exactly a block.
    rows.splice(50, 0, ["large", "t", "k", "Type", "x".repeat(200 * 1024)]);
    rows.splice(60, 0, ["larger", "t", "k", "Type", "y".repeat(256 * 1024)]);
    const read = recordsOf(rows).map((one) => [
      text(one.id),
      one.topic,
      text(keyOf(one)),
      text(headerOf(one, "type")),
      text(valueOf(one)),
    ]);
    expect(read).toEqual(
      rows.map(([id, route, ...rest]) => [id, `outbox.event.${route}`, ...rest]),
    );
  });

  it("go to the topic of their route however many routes there are", () => {
    const routes = Array.from({ length: 2_000 }, (_, i) => `r${(i * 7919) % 1_000}`);
    const read = recordsOf(routes.map((route, i) => [`${i}`, route, "k", "T", "v"]));
    expect(read.map(({ topic }) => topic)).toEqual(routes.map((route) => `outbox.event.${route}`));
  });
});

describe("packed records", () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
  const any = fc.record({
    topic: fc.constant("orders"),
    key: bytes(300),
    value: fc.option(bytes(20_000)),
    headers: fc.array(fc.record({ name: bytes(20), value: fc.option(bytes(200)) }), {
      maxLength: 80,
    }),
    timestampMs: fc.nat(),
  });

  it("give back the parts that they were made of", () => {
    fc.assert(
      fc.property(any, (parts) => {
        expect(unpackRecord(packRecord(parts))).toEqual(parts);
      }),
    );
  });

  it("go to the partition of their key, short or long", () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 50 }), (parts, partitions) => {
        expect(recordPartition(packRecord(parts), partitions)).toBe(
          partitionOf(parts.key, partitions),
        );
      }),
    );
  });
});

describe("the memory of records", () => {
  it("gives room again that nothing was kept in, and never room that is kept", () => {
    const memory = new RecordMemory(64);
    const first = memory.reserve(20);
    memory.keep(first + 10);
    const { block } = memory;
    expect(memory.reserve(20)).toBe(first + 10);
    expect(memory.reserve(20)).toBe(first + 10);
    memory.keep(first + 30);
    expect(memory.block).toBe(block);
    memory.reserve(40);
    expect(memory.block).not.toBe(block);
    expect(memory.reserve(32)).toBe(30);
    expect(memory.block).toBe(block);
    memory.keep(62);
    expect(memory.reserve(3)).toBe(0);
    expect(memory.block).not.toBe(block);
  });
});
