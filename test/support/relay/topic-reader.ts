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

const READ_DEADLINE_MS = 60_000;
const MARKER = "end-of-test-marker";

/**
 * All records of the topics that a read_committed consumer sees, per partition in offset order. A
 * client that is not ours reads them; markers written after everything else tell where the end is.
 */
export function readCommitted(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadRecord[]> {
  return readTopics(brokers, topics, false);
}

/** The same with the records of transactions that are open or were aborted. */
export function readUncommitted(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<ReadRecord[]> {
  return readTopics(brokers, topics, true);
}

async function readTopics(
  brokers: readonly string[],
  topics: readonly string[],
  isUncommitted: boolean,
): Promise<ReadRecord[]> {
  const kafka = new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 12 },
  });
  const marker = randomUUID();
  const ends = await writeMarkers(kafka, topics, marker);
  const groupId = `reader-${randomUUID()}`;
  // A fetch that comes just before the markers would otherwise be held for 5 s.
  const consumer = kafka.consumer({
    groupId,
    readUncommitted: isUncommitted,
    maxWaitTimeInMs: 100,
  });
  const records: ReadRecord[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ topic, partition, message }) => {
        const found = message.headers?.[MARKER];
        if (String(found) === marker) ends.delete(`${topic}-${partition}`);
        // A marker of another reading is no record either.
        if (found === undefined) records.push(readRecord(topic, partition, message));
        return Promise.resolve();
      },
    });
    await until(
      () => ends.size === 0,
      READ_DEADLINE_MS,
      () => `the ends of ${[...ends].join(", ")}`,
    );
  } finally {
    await consumer.disconnect();
  }
  return records;
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

interface Message {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly headers?: Record<string, unknown>;
}

function readRecord(topic: string, partition: number, message: Message): ReadRecord {
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
