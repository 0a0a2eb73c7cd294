import pg from "pg";
import { RelayError } from "../relay/errors.ts";

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

const PART = `"(?:[^"]|"")+"|[^".]+`;
const TABLE_NAME = new RegExp(`^(?:(${PART})\\.)?(${PART})$`);

/**
 * Reads `schema.table`; quotes are only needed around a dot. Letters keep their case, quoted or not,
 * because the stream names tables as the catalogs do. A missing schema means `public`.
 * Throws RelayError `CONFIG_TABLE`.
 */
export function parseTableName(text: string): TableName {
  const match = TABLE_NAME.exec(text);
  if (match?.[2] === undefined) {
    throw new RelayError(`RELAY_TABLES: ${JSON.stringify(text)} is no table name`, {
      code: "CONFIG_TABLE",
      remedy: "halt",
      hint: 'Write schema.table, for example public.outbox or "my.schema".outbox.',
    });
  }
  return { schema: match[1] === undefined ? "public" : unquote(match[1]), name: unquote(match[2]) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.substring(1, part.length - 1).replaceAll('""', '"') : part;
}

/** An identifier for SQL that a person may run: quoted only where it must be. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** For a statement of ours, where a table may be called "order". */
export function quotedTableName({ schema, name }: TableName): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

export function sqlTableName({ schema, name }: TableName): string {
  return `${sqlName(schema)}.${sqlName(name)}`;
}
