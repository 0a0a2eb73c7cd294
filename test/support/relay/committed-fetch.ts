import { Cluster } from "../../../src/kafka/cluster.ts";
import { KafkajsChannel } from "../../../src/kafka/kafkajs-channel.ts";
import { PartitionReader } from "../../../src/kafka/partition-reader.ts";
import { ByteReader } from "../../../src/kafka/wire/byte-reader.ts";
import type { FetchedBatch } from "../../../src/kafka/wire/record-batch-reader.ts";
import { readRecords } from "../../../src/kafka/wire/record-batch-reader.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { ReadRecord } from "./topic-reader.ts";

const CLIENT = "committed-fetch";
const DEADLINE_MS = 60_000;
const COMMIT = 1;
const NO_END = new AbortController().signal;

/**
 * All committed records of the topics, per partition in offset order, judged by the markers in the logs alone: so also
 * where kafkajs 2.2.4 misreads several aborted transactions that overlap. A topic that is not there has none.
 */
export async function fetchCommitted(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadRecord[]> {
  const limits = { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 };
  const channel = new KafkajsChannel({ brokers, clientId: CLIENT, ...limits });
  const cluster = new Cluster(channel, systemClock, DEADLINE_MS);
  try {
    const records: ReadRecord[] = [];
    for (const topic of topics) {
      await cluster.refresh([topic]);
      for (let partition = 0; partition < cluster.partitions(topic); partition++) {
        const place = { topic, partition };
        const patience = { throttledMs: DEADLINE_MS, unreachableMs: DEADLINE_MS };
        const reader = new PartitionReader(cluster, systemClock, place, patience);
        records.push(...(await readPartition(reader)));
      }
    }
    return records;
  } finally {
    channel.close();
  }
}

async function readPartition(reader: PartitionReader): Promise<ReadRecord[]> {
  const end = await reader.stableEnd(DEADLINE_MS, () => undecided(reader), NO_END);
  const batches: FetchedBatch[] = [];
  for (let offset = await reader.offset("start", NO_END); offset < end; ) {
    const fetched = await reader.fetch(offset, NO_END);
    const last = fetched?.batches.at(-1);
    if (fetched === null || last === undefined)
      throw new Error(`${reader.topic}-${reader.partition} ends at ${offset}, before ${end}`);
    batches.push(...fetched.batches);
    offset = last.lastOffset + 1n;
  }
  return decided(batches).flatMap((batch) => recordsOf(reader, batch));
}

function undecided({ topic, partition }: PartitionReader): RelayError {
  return new RelayError(`a transaction in ${topic}-${partition} stays open`, {
    code: "TEST_UNDECIDED",
    remedy: "halt",
    hint: "",
  });
}

/** Data batches whose transaction was committed, and those of none; `batches` come in offset order from the log's start. */
export function decided(batches: readonly FetchedBatch[]): FetchedBatch[] {
  const open = new Map<bigint, FetchedBatch[]>();
  const committed: FetchedBatch[] = [];
  for (const batch of batches) {
    const { producerId } = batch;
    if (batch.isControl) {
      if (isCommit(batch)) committed.push(...(open.get(producerId) ?? []));
      open.delete(producerId);
    } else if (batch.isTransactional) {
      open.set(producerId, [...(open.get(producerId) ?? []), batch]);
    } else committed.push(batch);
  }
  return committed.toSorted((a, b) => (a.baseOffset < b.baseOffset ? -1 : 1));
}

/** A marker's key: its version, then 0 for an abort or 1 for a commit. */
function isCommit(marker: FetchedBatch): boolean {
  return readRecords(marker)[0]?.key?.readInt16BE(2) === COMMIT;
}

function recordsOf({ topic, partition }: PartitionReader, batch: FetchedBatch): ReadRecord[] {
  const reader = new ByteReader(batch.body);
  return Array.from({ length: batch.count }, (_, place) => {
    reader.varint();
    reader.int8();
    while (reader.int8() < 0); // Timestamp delta.
    reader.varint();
    const key = reader.bytes(reader.varint());
    const value = reader.bytes(reader.varint());
    const headers = Array.from({ length: reader.varint() }, () => {
      const name = String(reader.bytes(reader.varint()));
      return [name, String(reader.bytes(reader.varint()))] as const;
    });
    return {
      topic,
      partition,
      offset: batch.baseOffset + BigInt(place),
      key: key === null ? null : String(key),
      value,
      timestamp: String(batch.baseTimestampMs),
      headers: Object.fromEntries(headers),
    };
  });
}
