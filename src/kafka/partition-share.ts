import type { OutboundRecord } from "../relay/publish/sink.ts";
import type { PartitionBatch } from "./api/produce.ts";
import { partitionOf } from "./partitioner.ts";
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
  const byTopic = new Map<string, OutboundRecord[][]>();
  for (const record of records) {
    let partitions = byTopic.get(record.topic);
    if (partitions === undefined) {
      partitions = Array.from({ length: limits.partitions(record.topic) }, () => []);
      byTopic.set(record.topic, partitions);
    }
    partitions[partitionOf(record.key, partitions.length)]?.push(record);
  }
  const shares: PartitionShare[] = [];
  for (const [topic, partitions] of byTopic) {
    const bytesMax = limits.batchBytesMax(topic);
    partitions.forEach((ofPartition, partition) => {
      if (ofPartition.length === 0) return;
      shares.push({ topic, partition, rounds: roundsOf(ofPartition, bytesMax) });
    });
  }
  return shares;
}

/** A record that alone is near the limit gets a batch of its own; one above it was refused before. */
function roundsOf(records: readonly OutboundRecord[], bytesMax: number): OutboundRecord[][] {
  const rounds: OutboundRecord[][] = [];
  let current: OutboundRecord[] = [];
  let bytes = BATCH_HEADER_BYTES;
  for (const record of records) {
    const size = recordBytesMax(record);
    if (current.length > 0 && bytes + size > bytesMax) {
      rounds.push(current);
      current = [];
      bytes = BATCH_HEADER_BYTES;
    }
    current.push(record);
    bytes += size;
  }
  rounds.push(current);
  return rounds;
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
