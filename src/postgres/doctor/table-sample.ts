import pg from "pg";
import type { TableFacts } from "../preflight/facts.ts";
import type { Ask } from "../preflight/read-facts.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { quotedTableName } from "../table-name.ts";

/** Enough to see which topics and sizes are usual, and quick on a table of any size. */
const SAMPLE_ROWS_MAX = 10_000;

/** What the first rows of a table show; the rows themselves are not kept. */
export interface TableSample {
  readonly table: TableName;
  readonly mayRead: boolean;
  /** Whether a repair can tell by `txid` which rows are younger than a watermark. */
  readonly hasTxid: boolean;
  /** Routing values that occur; empty for an empty table. */
  readonly routes: readonly string[];
  /** Of the largest payload, as text; 0 without rows. */
  readonly payloadBytesMax: number;
}

/** Looks at no more than 10,000 rows of the table, in no order. */
export async function sampleTable(
  ask: Ask,
  table: TableFacts,
  columns: ColumnNames,
): Promise<TableSample> {
  const name = quotedTableName(table);
  const hasTxid = table.columns.some(
    ({ name: column, type }) => column === "txid" && type === "xid8",
  );
  const [right] = await ask<{ mayRead: boolean }>(
    `select has_table_privilege($1, 'select') as "mayRead"`,
    [name],
  );
  const mayRead = right?.mayRead === true;
  const isUsable = [columns.route, columns.payload].every((wanted) =>
    table.columns.some((column) => column.name === wanted),
  );
  const { schema, name: plain } = table;
  const found = { table: { schema, name: plain }, mayRead, hasTxid };
  if (!mayRead || !isUsable) return { ...found, routes: [], payloadBytesMax: 0 };
  const [rows] = await ask<{ routes: string[]; bytes: number }>(sampleQuery(table, columns), []);
  return { ...found, routes: rows?.routes ?? [], payloadBytesMax: rows?.bytes ?? 0 };
}

function sampleQuery(table: TableName, columns: ColumnNames): string {
  const route = pg.escapeIdentifier(columns.route);
  const payload = pg.escapeIdentifier(columns.payload);
  return `
    select coalesce(array_agg(distinct route) filter (where route is not null), '{}') as "routes",
           coalesce(max(bytes), 0)::int as "bytes"
      from (select ${route}::text as route, octet_length(${payload}::text) as bytes
              from ${quotedTableName(table)} limit ${SAMPLE_ROWS_MAX}) as sample`;
}
