import { RelayError } from "../relay/errors.ts";

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

const PART = `"(?:[^"]|"")+"|[^\\s".]+`;
const TABLE_NAME = new RegExp(`^\\s*(?:(${PART})\\.)?(${PART})\\s*$`);

/**
 * Reads a table's name as SQL does: unquoted parts are folded to lower case, quoted ones are taken as
 * they are, and a missing schema means `public`. Throws RelayError `CONFIG_TABLE`.
 */
export function parseTableName(text: string): TableName {
  const match = TABLE_NAME.exec(text);
  if (match?.[2] === undefined) {
    throw new RelayError(`RELAY_TABLES: ${JSON.stringify(text)} is no table name`, {
      code: "CONFIG_TABLE",
      remedy: "halt",
      hint: 'Write schema.table, for example public.outbox or "My Schema"."Outbox".',
    });
  }
  return { schema: match[1] === undefined ? "public" : unquote(match[1]), name: unquote(match[2]) };
}

function unquote(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase();
}

/** An identifier for SQL that a person may run: quoted only where it must be. */
export function sqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

export function sqlTableName({ schema, name }: TableName): string {
  return `${sqlName(schema)}.${sqlName(name)}`;
}
