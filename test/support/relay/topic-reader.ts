import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { until } from "../until.ts";

export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A header of the records that tell where a reading ends. */
export const MARKER = "end-of-test-marker";

/** All records of the topics that a read_committed consumer sees, per partition in offset order. */
export async function readCommitted(
  brokers: readonly string[],
  topics: readonly string[],
  deadlineMs = 60_000,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  await scanCommitted(brokers, topics, (record) => records.push(record), deadlineMs);
  return records;
}

/** The same with records of transactions that were aborted, or may yet be. */
export async function readUncommitted(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  const options = { isDirty: true, deadlineMs: 60_000 };
  await scan(brokers, topics, (record) => records.push(record), options);
  return records;
}

/** Shows `take` what a read_committed consumer sees, per partition in offset order, without keeping it. */
export async function scanCommitted(
  brokers: readonly string[],
  topics: readonly string[],
  take: (record: ReadRecord) => void,
  deadlineMs = 60_000,
): Promise<void> {
  await scan(brokers, topics, take, { isDirty: false, deadlineMs });
}

/** A client that is not ours reads; markers written after everything else tell where the end is. */
async function scan(
  brokers: readonly string[],
  topics: readonly string[],
  take: (record: ReadRecord) => void,
  { isDirty, deadlineMs }: { readonly isDirty: boolean; readonly deadlineMs: number },
): Promise<void> {
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 12 },
  });
  const marker = randomUUID();
  const ends = await writeMarkers(kafka, topics, marker);
  const groupId = `reader-${randomUUID()}`;
  // A fetch that comes just before the markers would otherwise be held for 5 s.
  const consumer = kafka.consumer({ groupId, readUncommitted: isDirty, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ topic, partition, message }) => {
        const found = message.headers?.[MARKER];
        if (String(found) === marker) ends.delete(`${topic}-${partition}`);
        // A marker of another reading is no record either.
        if (found === undefined) take(readRecord(topic, partition, message));
        return Promise.resolve();
      },
    });
    await until(
      () => ends.size === 0,
      deadlineMs,
      () => `the ends of ${[...ends].join(", ")}`,
    );
  } finally {
    await consumer.disconnect();
  }
}

async function writeMarkers(
  kafka: Kafka,
  topics: readonly string[],
  marker: string,
): Promise<Set<string>> {
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const ends = new Set<string>();
  await Promise.all([admin.connect(), producer.connect()]);
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
  for (const { name, partitions } of found) {
    for (const { partitionId: partition } of partitions) {
      ends.add(`${name}-${partition}`);
      const messages = [{ partition, key: MARKER, value: MARKER, headers: { [MARKER]: marker } }];
      await producer.send({ topic: name, messages });
    }
  }
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  return ends;
}

export interface ReadMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly headers?: Record<string, unknown>;
}

export function readRecord(topic: string, partition: number, message: ReadMessage): ReadRecord {
  const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [
    name,
    String(value),
  ]);
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value,
    timestamp: message.timestamp,
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}
