import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import type pg from "pg";

const READ_DEADLINE_MS = 60_000;

export interface Verdict {
  readonly committed: number;
  readonly rolledBack: number;
  readonly published: number;
  readonly consumed: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** Events of rolled-back orders that reached Kafka all the same. */
  readonly phantoms: number;
}

export function isClean(verdict: Verdict): boolean {
  const { lost, duplicated, outOfOrder, phantoms } = verdict;
  return lost + duplicated + outOfOrder + phantoms === 0;
}

interface Seen {
  readonly partition: number;
  readonly id: string;
  readonly key: string;
  readonly position: string;
  readonly seq: number;
}

/** What Postgres holds against what Kafka and the inboxes hold. The relay is not asked. */
export async function judge(
  client: pg.Client,
  kafka: Kafka,
  what: { topic: string; groups: readonly string[]; rolledBackEventIds: readonly string[] },
): Promise<Verdict> {
  const { rows } = await client.query<{ id: string }>("select id::text from outbox");
  const committed = new Set(rows.map(({ id }) => id));
  const records = await readAll(kafka, what.topic, committed.size);
  const published = new Set(records.map(({ id }) => id));
  const inboxes = await Promise.all(what.groups.map((group) => inbox(client, group)));
  const lostByGroup = inboxes.map((ids) => [...committed].filter((id) => !ids.has(id)).length);
  return {
    committed: committed.size,
    rolledBack: what.rolledBackEventIds.length,
    published: records.length,
    consumed: Object.fromEntries(what.groups.map((group, i) => [group, inboxes[i]?.size ?? 0])),
    lost: [...committed].filter((id) => !published.has(id)).length + Math.max(0, ...lostByGroup),
    duplicated: records.length - published.size,
    outOfOrder: inversions(records),
    phantoms: what.rolledBackEventIds.filter((id) => published.has(id)).length,
  };
}

async function inbox(client: pg.Client, group: string): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    `select event_id::text as id from inbox_${group}`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** All committed records up to the end that the topic had when all groups had caught up. */
async function readAll(kafka: Kafka, topic: string, expected: number): Promise<Seen[]> {
  const consumer = kafka.consumer({ groupId: `verdict-${randomUUID()}`, readUncommitted: false });
  const records: Seen[] = [];
  let lastMs = performance.now();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message }) => {
      const { id, position } = message.headers ?? {};
      const { seq } = JSON.parse(String(message.value)) as { seq: number };
      records.push({
        partition,
        id: String(id),
        key: String(message.key),
        position: String(position),
        seq,
      });
      lastMs = performance.now();
      return Promise.resolve();
    },
  });
  // Two quiet seconds after the last expected record: a duplicate behind it would have come by then.
  const deadlineMs = performance.now() + READ_DEADLINE_MS;
  while (performance.now() < deadlineMs) {
    if (records.length >= expected && performance.now() - lastMs > 2_000) break;
    await delay(100);
  }
  await consumer.disconnect();
  return records;
}

function inversions(records: readonly Seen[]): number {
  const positions = new Map<number, string>();
  const sequences = new Map<string, number>();
  let count = 0;
  for (const { partition, key, position, seq } of records) {
    if (position <= (positions.get(partition) ?? "")) count += 1;
    if (seq <= (sequences.get(key) ?? -1)) count += 1;
    positions.set(partition, position);
    sequences.set(key, seq);
  }
  return count;
}
