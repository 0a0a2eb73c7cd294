import { RelayError } from "../relay/errors.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { recordBytesMax } from "../relay/record/record-bytes.ts";
import type { PartitionBatch } from "./api/produce.ts";
import { recordPartition } from "./partitioner.ts";
import type { Sequences } from "./sequences.ts";
import { BATCH_HEADER_BYTES } from "./wire/record-batch.ts";

/** What goes to one partition in one request: a record batch that the topic takes. */
export interface PartitionShare {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutboundRecord[];
}

/** What goes out in one go, to each partition at most once. */
export type Round = readonly PartitionShare[];

export interface TopicLimits {
  partitions(topic: string): number;
  batchBytesMax(topic: string): number;
}

/** Shares records out by key, in their order, into rounds of `roundBytesMax` or one record each. Throws RelayError where a topic has no known partitions. */
export function shareOut(
  records: readonly OutboundRecord[],
  limits: TopicLimits,
  roundBytesMax: number,
): Round[] {
  const rounds: Round[] = [];
  const byTopic = new Map<string, GrowingShare[]>();
  let [topic, shares, bytes] = ["", [] as GrowingShare[], 0];
  for (const record of records) {
    if (record.topic !== topic) {
      topic = record.topic;
      shares = byTopic.get(topic) ?? emptyShares(topic, limits);
      byTopic.set(topic, shares);
    }
    const share = shares[recordPartition(record, shares.length)];
    if (share === undefined) throw withoutPartitions(topic);
    const size = recordBytesMax(record);
    if (bytes + size > roundBytesMax || !share.hasRoom(size)) {
      if (bytes > 0) rounds.push(takeRound(byTopic));
      bytes = 0;
    }
    share.add(record, size);
    bytes += size;
  }
  if (bytes > 0) rounds.push(takeRound(byTopic));
  return rounds;
}

/** Brokers have told nothing of them yet, or no longer. */
function withoutPartitions(topic: string): RelayError {
  return new RelayError(`Kafka tells no partitions of topic ${topic}`, {
    code: "KAFKA_NO_LEADER",
    remedy: "reopen",
    hint: "Look for brokers that are down; the relay keeps trying.",
  });
}

function emptyShares(topic: string, limits: TopicLimits): GrowingShare[] {
  const bytesMax = limits.batchBytesMax(topic);
  const length = limits.partitions(topic);
  return Array.from({ length }, (_, partition) => new GrowingShare(topic, partition, bytesMax));
}

function takeRound(byTopic: ReadonlyMap<string, readonly GrowingShare[]>): Round {
  return [...byTopic.values()].flat().flatMap((share) => share.take());
}

class GrowingShare {
  readonly #topic: string;
  readonly #partition: number;
  readonly #bytesMax: number;
  #records: OutboundRecord[] = [];
  #bytes = BATCH_HEADER_BYTES;

  constructor(topic: string, partition: number, bytesMax: number) {
    this.#topic = topic;
    this.#partition = partition;
    this.#bytesMax = bytesMax;
  }

  /** A record that alone is near the limit gets a batch of its own; one above it was refused before. */
  hasRoom(size: number): boolean {
    return this.#records.length === 0 || this.#bytes + size <= this.#bytesMax;
  }

  add(record: OutboundRecord, size: number): void {
    this.#records.push(record);
    this.#bytes += size;
  }

  /** What has gathered, if anything has; it starts over. */
  take(): PartitionShare[] {
    if (this.#records.length === 0) return [];
    const share = { topic: this.#topic, partition: this.#partition, records: this.#records };
    this.#records = [];
    this.#bytes = BATCH_HEADER_BYTES;
    return [share];
  }
}

/** Of each partition, in the round that goes ahead of the others. */
const HEAD_RECORDS = 4;

/**
 * The same records, with a small round ahead where there is more than one: while a broker adds a round's partitions to the
 * transaction nothing else can be under way (`ProduceWindow`), so that what is waited for should be little.
 */
export function withHead(rounds: readonly Round[]): readonly Round[] {
  const [first, ...others] = rounds;
  if (first === undefined || others.length === 0) return rounds;
  const rest = first.map((share) => ({
    ...share,
    records: share.records.toSpliced(0, HEAD_RECORDS),
  }));
  return [
    first.map((share) => ({ ...share, records: share.records.toSpliced(HEAD_RECORDS) })),
    rest.filter(({ records }) => records.length > 0),
    ...others,
  ].filter((round) => round.length > 0);
}

/** A round stamped with the sequences that it takes. */
export function stamped(round: Round, sequences: Sequences): PartitionBatch[] {
  return round.map(({ topic, partition, records }) => {
    return {
      topic,
      partition,
      records,
      sequence: sequences.take(topic, partition, records.length),
    };
  });
}
