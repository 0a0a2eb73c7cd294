import pg from "pg";
import type { RepairFacts } from "../backfill/repair-facts.ts";
import { readRepairFacts } from "../backfill/repair-facts.ts";
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
  readonly repair: RepairFacts;
  /** Routing values that occur; empty for an empty table. */
  readonly routes: readonly string[];
  /** Of the largest payload, as text; 0 without rows. */
  readonly payloadBytesMax: number;
}

/** Looks at no more than 10,000 rows of each table, in no order. */
export async function sampleTables(
  ask: Ask,
  tables: readonly TableFacts[],
  columns: ColumnNames,
): Promise<TableSample[]> {
  const samples: TableSample[] = [];
  for (const repair of await readRepairFacts(ask, tables)) {
    const table = tables.find(
      ({ schema, name }) => schema === repair.schema && name === repair.name,
    );
    if (table !== undefined) samples.push(await sampleTable(ask, table, columns, repair));
  }
  return samples;
}

async function sampleTable(
  ask: Ask,
  table: TableFacts,
  columns: ColumnNames,
  repair: RepairFacts,
): Promise<TableSample> {
  const isUsable = [columns.route, columns.payload].every((wanted) =>
    table.columns.some((column) => column.name === wanted),
  );
  const { schema, name } = table;
  const found = { table: { schema, name }, repair };
  // Rows that a policy hides would be routes and sizes that nobody looks at.
  const isReadable = repair.mayRead && !repair.isFiltered;
  if (!isReadable || !isUsable) return { ...found, routes: [], payloadBytesMax: 0 };
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
