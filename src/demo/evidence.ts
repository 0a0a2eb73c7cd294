import type pg from "pg";
import { readTopic } from "./committed-records.ts";
import { GROUPS } from "./consumer-group.ts";
import type { Stage } from "./stage.ts";
import type { Evidence } from "./verdict.ts";

/** What Postgres holds against what Kafka holds. The relay is not asked. */
export async function gatherEvidence(
  stage: Pick<Stage, "client" | "kafka" | "topic" | "stop">,
): Promise<Evidence> {
  const { client, kafka, topic, stop } = stage;
  const records = await readTopic(kafka, topic, stop);
  const inboxes = new Map<string, ReadonlySet<string>>();
  for (const group of GROUPS) {
    inboxes.set(group, await ids(client, `select event_id::text as id from inbox_${group}`));
  }
  const committed = await ids(client, "select id::text from outbox");
  const rolledBack = await ids(client, "select event_id::text as id from rolled_back_events");
  return { committed, rolledBack: rolledBack.size, records, inboxes };
}

async function ids(client: pg.Client, sql: string): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(sql);
  return new Set(rows.map(({ id }) => id));
}
