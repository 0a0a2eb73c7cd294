import { createHash } from "node:crypto";
import type pg from "pg";
import type { ReadRecord } from "../relay/topic-reader.ts";

/** Ids of published rows whose record is not, byte for byte, the payload that the table holds. */
export async function differentPayloads(
  client: pg.Client,
  table: string,
  records: readonly ReadRecord[],
): Promise<string[]> {
  const { rows } = await client.query<{ id: string; hash: string | null }>(
    `select id::text, encode(sha256(${await payloadBytes(client, table)}), 'hex') as hash from ${table}`,
  );
  const stored = new Map(rows.map(({ id, hash }) => [id, hash]));
  return records
    .filter(({ headers, value }) => stored.get(headers["id"] ?? "") !== hashOf(value))
    .map(({ headers }) => headers["id"] ?? "");
}

async function payloadBytes(client: pg.Client, table: string): Promise<string> {
  const { rows } = await client.query<{ type: string }>(
    "select atttypid::regtype::text as type from pg_attribute where attrelid = $1::regclass and attname = 'payload'",
    [table],
  );
  return rows[0]?.type === "bytea" ? "payload" : "convert_to(payload::text, 'UTF8')";
}

function hashOf(value: Buffer | null): string | null {
  return value === null ? null : createHash("sha256").update(value).digest("hex");
}
