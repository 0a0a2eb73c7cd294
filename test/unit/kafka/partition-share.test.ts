import { describe, expect, it } from "@jest/globals";
import { shareOut } from "../../../src/kafka/partition-share.ts";
import { partitionOf } from "../../../src/kafka/partitioner.ts";
import { BATCH_HEADER_BYTES, recordBytesMax } from "../../../src/kafka/wire/record-batch.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { keyOf } from "../../../src/relay/record/record-view.ts";

function record(topic: string, key: string, bytes = 10): OutboundRecord {
  const value = Buffer.alloc(bytes, key);
  return packRecord({ topic, key: Buffer.from(key), value, headers: [], timestampMs: 1 });
}

const limits = { partitions: () => 6, batchBytesMax: () => 10_000 };

describe("sharing a batch out", () => {
  it("puts every record into the partition of its key, in its order, and loses none", () => {
    const records = Array.from({ length: 500 }, (_, i) =>
      record(i % 3 === 0 ? "a" : "b", `key-${i % 50}`),
    );
    const shares = shareOut(records, limits);
    const shared = shares.flatMap((share) =>
      share.rounds.flat().map((one) => ({ share, one, index: records.indexOf(one) })),
    );
    expect(shared).toHaveLength(500);
    for (const { share, one } of shared) {
      expect([share.topic, share.partition]).toEqual([one.topic, partitionOf(keyOf(one), 6)]);
    }
    for (const share of shares) {
      const indexes = share.rounds.flat().map((one) => records.indexOf(one));
      expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
    }
  });

  it("cuts a partition's share into rounds that the topic takes, each with at least one record", () => {
    const records = Array.from({ length: 30 }, () => record("a", "same", 1_500));
    const [share, ...others] = shareOut(records, limits);
    expect(others).toEqual([]);
    expect(share?.rounds.length).toBeGreaterThan(4);
    for (const round of share?.rounds ?? []) {
      const bytes = round.reduce((sum, one) => sum + recordBytesMax(one), BATCH_HEADER_BYTES);
      expect(round.length).toBeGreaterThan(0);
      expect(bytes).toBeLessThanOrEqual(10_000);
    }
    expect(share?.rounds.flat()).toEqual(records);
  });
});
