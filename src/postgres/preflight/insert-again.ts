import type { TableName } from "../table-name.ts";
import { sqlTableName } from "../table-name.ts";

/** What an INSERT into an outbox table names so that a row that stands elsewhere comes as a new one. */
export interface InsertTarget {
  /** Columns as SQL writes them. */
  readonly columns: readonly string[];
  /** Whether one of them takes a value only if that is said, as GENERATED ALWAYS AS IDENTITY does. */
  readonly isOverriding: boolean;
}

/**
 * SQL for an `InsertTarget`. Left out are columns that take a value of their own with each insert: with the txid of an earlier
 * transaction a row of a partitioned table is taken for one that moved, and is passed over. `table`: OID of the outbox table.
 */
export function insertTarget(table: string): string {
  return `(select jsonb_build_object('columns', jsonb_agg(quote_ident(a.attname) order by a.attnum),
                                    'isOverriding', bool_or(a.attidentity = 'a'))
             from pg_attribute a
            where a.attrelid = ${table} and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
              and a.attname not in ('txid', 'write_order'))`;
}

/** The statement that inserts rows of `from` into the outbox table. A row whose id is there is left out. */
export function insertAgain(
  outbox: TableName,
  from: TableName,
  { columns, isOverriding }: InsertTarget,
): string {
  const list = columns.join(", ");
  const overriding = isOverriding ? " OVERRIDING SYSTEM VALUE" : "";
  return `INSERT INTO ${sqlTableName(outbox)} (${list})${overriding} SELECT ${list} FROM ${sqlTableName(from)} ON CONFLICT DO NOTHING;`;
}
