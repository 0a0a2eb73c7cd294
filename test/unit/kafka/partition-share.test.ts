import { describe, expect, it } from "@jest/globals";
import type { Round } from "../../../src/kafka/partition-share.ts";
import { shareOut, withHead } from "../../../src/kafka/partition-share.ts";
import { partitionOf } from "../../../src/kafka/partitioner.ts";
import { BATCH_HEADER_BYTES } from "../../../src/kafka/wire/record-batch.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { recordBytesMax } from "../../../src/relay/record/record-bytes.ts";
import { keyOf } from "../../../src/relay/record/record-view.ts";

function record(topic: string, key: string, bytes = 10): OutboundRecord {
  const value = Buffer.alloc(bytes, key);
  return packRecord({ topic, key: Buffer.from(key), value, headers: [], timestampMs: 1 });
}

const limits = { partitions: () => 6, batchBytesMax: () => 10_000 };

/** What went to one partition over all rounds, in order. */
function ofPartition(rounds: readonly Round[], topic: string, partition: number): OutboundRecord[] {
  return rounds
    .flat()
    .filter((share) => share.topic === topic && share.partition === partition)
    .flatMap(({ records }) => records);
}

describe("sharing a batch out", () => {
  it("puts every record into the partition of its key, in its order, and loses none", () => {
    const records = Array.from({ length: 500 }, (_, i) =>
      record(i % 3 === 0 ? "a" : "b", `key-${i % 50}`, 1 + (i % 300)),
    );
    const rounds = shareOut(records, limits, 20_000);
    expect(rounds.length).toBeGreaterThan(3);
    expect(rounds.flat().flatMap((share) => share.records)).toHaveLength(500);
    for (const topic of ["a", "b"]) {
      for (let partition = 0; partition < 6; partition++) {
        const expected = records.filter(
          (one) => one.topic === topic && partitionOf(keyOf(one), 6) === partition,
        );
        expect(ofPartition(rounds, topic, partition)).toEqual(expected);
      }
    }
  });

  it("gives each partition one batch at most in a round, which the topic takes and the round has room for", () => {
    const records = Array.from({ length: 300 }, (_, i) => record("a", `key-${i % 9}`, 1_500));
    for (const round of shareOut(records, limits, 40_000)) {
      const partitions = round.map(({ partition }) => partition);
      expect(new Set(partitions).size).toBe(partitions.length);
      const sizes = round.map(({ records: batch }) =>
        batch.reduce((sum, one) => sum + recordBytesMax(one), 0),
      );
      for (const size of sizes) expect(size + BATCH_HEADER_BYTES).toBeLessThanOrEqual(10_000);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(40_000);
    }
  });

  it("cuts a share into batches that the topic takes, each with at least one record", () => {
    const records = Array.from({ length: 30 }, () => record("a", "same", 1_500));
    const rounds = shareOut(records, limits, 500_000);
    expect(rounds.length).toBeGreaterThan(4);
    expect(rounds.every((round) => round.length === 1)).toBe(true);
    expect(rounds.flat().flatMap((share) => share.records)).toEqual(records);
    const large = [record("a", "same", 9_900), record("a", "same", 9_900)];
    expect(shareOut(large, limits, 1_000).map((round) => round[0]?.records.length)).toEqual([1, 1]);
  });

  it("refuses a record of a topic whose partitions nobody knows: it would be lost", () => {
    const unknown = { ...limits, partitions: () => 0 };
    expect(() => shareOut([record("a", "k")], unknown, 500_000)).toThrow(
      expect.objectContaining({ code: "KAFKA_NO_LEADER", remedy: "reopen" }),
    );
  });
});

describe("a head ahead of a transaction's rounds", () => {
  const records = Array.from({ length: 500 }, (_, i) => record("a", `key-${i % 50}`, 100));

  it("has a few records of each partition of the first round; all records stay, in their order", () => {
    const rounds = shareOut(records, limits, 20_000);
    const all = withHead(rounds);
    const [head, rest, ...others] = all;
    expect(head?.map(({ partition }) => partition)).toEqual(
      rounds[0]?.map(({ partition }) => partition),
    );
    for (const share of head ?? []) expect(share.records.length).toBeLessThanOrEqual(4);
    expect(rest?.length).toBeGreaterThan(0);
    expect(others).toEqual(rounds.slice(1));
    for (let partition = 0; partition < 6; partition++) {
      expect(ofPartition(all, "a", partition)).toEqual(ofPartition(rounds, "a", partition));
    }
  });

  it("leaves a transaction of one round alone, and sends nothing empty", () => {
    const one = shareOut(records.slice(0, 20), limits, 500_000);
    expect(withHead(one)).toBe(one);
    expect(withHead([])).toEqual([]);
    const [first, second] = [records[0], records[1]] as [OutboundRecord, OutboundRecord];
    const share = { topic: "a", partition: 0 };
    const small = [[{ ...share, records: [first] }], [{ ...share, records: [second] }]];
    expect(withHead(small)).toEqual(small);
  });
});
