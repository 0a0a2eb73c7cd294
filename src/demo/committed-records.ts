import { randomUUID } from "node:crypto";
import type { Kafka, KafkaMessage } from "kafkajs";
import { FETCH_WAIT_MS } from "./consumer-group.ts";
import type { PublishedRecord } from "./verdict.ts";
import { holdsWithin } from "./waiting.ts";

const READ_DEADLINE_MS = 60_000;

/**
 * All committed records of the topic up to its end of this moment, each partition in offset order. A partition's last
 * offsets belong to transaction markers, which no application gets to see; the client's own instrumentation tells when
 * it has passed them.
 */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  stop: AbortSignal,
): Promise<PublishedRecord[]> {
  const unread = await endOffsets(kafka, topic);
  const groupId = `verdict-${randomUUID()}`;
  const consumer = kafka.consumer({
    groupId,
    readUncommitted: false,
    maxWaitTimeInMs: FETCH_WAIT_MS,
  });
  const records: PublishedRecord[] = [];
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    if (BigInt(lastOffset) + 1n >= (unread.get(partition) ?? 0n)) unread.delete(partition);
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        records.push(publishedRecord(partition, message));
        return Promise.resolve();
      },
    });
    const isRead = (): Promise<boolean> => Promise.resolve(unread.size === 0);
    if (!(await holdsWithin(READ_DEADLINE_MS, isRead, stop))) {
      const partitions = [...unread.keys()].join(", ");
      throw new Error(`the end of ${topic} was not reached in partitions ${partitions}`);
    }
  } finally {
    await consumer.disconnect();
  }
  return records;
}

/** Of the partitions that hold anything. */
async function endOffsets(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(
      offsets
        .filter(({ low, high }) => BigInt(low) < BigInt(high))
        .map(({ partition, high }) => [partition, BigInt(high)]),
    );
  } finally {
    await admin.disconnect();
  }
}

function publishedRecord(partition: number, message: KafkaMessage): PublishedRecord {
  const { id, position } = message.headers ?? {};
  const payload = JSON.parse(String(message.value)) as { seq?: unknown } | null;
  return {
    partition,
    id: String(id),
    key: String(message.key),
    position: String(position),
    sequence: typeof payload?.seq === "number" ? payload.seq : null,
  };
}
