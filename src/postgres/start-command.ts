import type { Client } from "pg";
import pg from "pg";
import { baseTypeOid } from "./base-type.ts";
import type { TableName } from "./table-name.ts";

/** Names of the columns that the relay reads. */
export interface ColumnNames {
  readonly id: string;
  readonly key: string;
  readonly route: string;
  readonly type: string;
  readonly payload: string;
  readonly headers: string;
}

const BYTEA = 17;
/** Types whose binary form the core reads: int8, int2, int4, text, json, bpchar, varchar, uuid, jsonb. */
const BINARY_TYPES = new Set([BYTEA, 20, 21, 23, 25, 114, 1042, 1043, 2950, 3802]);

/**
 * START_REPLICATION at 0/0, which is "where the slot stands": a position of our own would make
 * Postgres skip rows silently when it is too high.
 *
 * Protocol 1 without streaming and two-phase: only committed rows come, whole transactions in commit order.
 */
export function startCommand(
  slot: string,
  publications: readonly string[],
  isBinary: boolean,
): string {
  const names = publications.map((name) => pg.escapeIdentifier(name)).join(",");
  const options = ["proto_version '1'", `publication_names ${replicationLiteral(names)}`];
  if (isBinary) options.push("binary 'true'");
  return `START_REPLICATION SLOT ${pg.escapeIdentifier(slot)} LOGICAL 0/0 (${options.join(", ")})`;
}

/** The replication grammar knows doubled quotes, and no escapes. */
function replicationLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Whether rows should come in binary: bytea as text is twice its size, and above 512 MB cannot be
 * sent at all; but one column of a type whose binary form is unknown would make rows unreadable.
 */
export async function wantsBinary(
  client: Client,
  tables: readonly TableName[],
  columns: ColumnNames,
): Promise<boolean> {
  const { rows } = await client.query<{ name: string; type: string }>(columnTypes(tables, columns));
  const types = rows.map(({ name, type }) => ({ name, oid: Number(type) }));
  const hasBytea = types.some(({ name, oid }) => name === columns.payload && oid === BYTEA);
  return hasBytea && types.every(({ oid }) => BINARY_TYPES.has(oid));
}

function columnTypes(tables: readonly TableName[], columns: ColumnNames): string {
  const places = tables.map(
    ({ schema, name }) => `(${pg.escapeLiteral(schema)}, ${pg.escapeLiteral(name)})`,
  );
  const names = Object.values(columns).map((name) => pg.escapeLiteral(name));
  return `
    select a.attname as name, ${baseTypeOid("a.atttypid")}::bigint::text as type
      from pg_attribute a
      join pg_class c on c.oid = a.attrelid
      join pg_namespace n on n.oid = c.relnamespace
     where (n.nspname, c.relname) in (${places.join(", ")})
       and a.attname in (${names.join(", ")}) and a.attnum > 0 and not a.attisdropped`;
}
