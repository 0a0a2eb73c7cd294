import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import type { PartitionBatch } from "./api/produce.ts";
import { recordPartition } from "./partitioner.ts";
import type { Sequences } from "./sequences.ts";
import { BATCH_HEADER_BYTES, recordBytesMax } from "./wire/record-batch.ts";

/** The part of a batch that goes to one partition, cut into record batches that the topic takes. */
export interface PartitionShare {
  readonly topic: string;
  readonly partition: number;
  readonly rounds: readonly (readonly OutboundRecord[])[];
}

export interface TopicLimits {
  partitions(topic: string): number;
  batchBytesMax(topic: string): number;
}

/** Shares records out by key, in their order. */
export function shareOut(
  records: readonly OutboundRecord[],
  limits: TopicLimits,
): PartitionShare[] {
  const byTopic = new Map<string, GrowingShare[]>();
  let [topic, shares] = ["", [] as GrowingShare[]];
  for (const record of records) {
    if (record.topic !== topic) {
      topic = record.topic;
      shares = byTopic.get(topic) ?? emptyShares(topic, limits);
      byTopic.set(topic, shares);
    }
    shares[recordPartition(record, shares.length)]?.add(record);
  }
  return [...byTopic.values()].flat().filter(({ rounds }) => rounds.length > 0);
}

function emptyShares(topic: string, limits: TopicLimits): GrowingShare[] {
  const bytesMax = limits.batchBytesMax(topic);
  const length = limits.partitions(topic);
  return Array.from({ length }, (_, partition) => new GrowingShare(topic, partition, bytesMax));
}

class GrowingShare implements PartitionShare {
  readonly topic: string;
  readonly partition: number;
  readonly rounds: OutboundRecord[][] = [];
  readonly #bytesMax: number;
  #current: OutboundRecord[] = [];
  #bytes = Infinity;

  constructor(topic: string, partition: number, bytesMax: number) {
    this.topic = topic;
    this.partition = partition;
    this.#bytesMax = bytesMax;
  }

  /** A record that alone is near the limit gets a batch of its own; one above it was refused before. */
  add(record: OutboundRecord): void {
    const size = recordBytesMax(record);
    if (this.#bytes + size > this.#bytesMax) {
      this.#current = [];
      this.rounds.push(this.#current);
      this.#bytes = BATCH_HEADER_BYTES;
    }
    this.#current.push(record);
    this.#bytes += size;
  }
}

/** What goes to each partition in one round, stamped with the sequences that it takes. */
export function batchesOfRound(
  shares: readonly PartitionShare[],
  round: number,
  sequences: Sequences,
): PartitionBatch[] {
  return shares.flatMap(({ topic, partition, rounds }) => {
    const records = rounds[round];
    if (records === undefined) return [];
    const sequence = sequences.take(topic, partition, records.length);
    return [{ topic, partition, records, sequence }];
  });
}

/** Rounds that it takes until every share is out. */
export function countRounds(shares: readonly PartitionShare[]): number {
  return Math.max(0, ...shares.map(({ rounds }) => rounds.length));
}
