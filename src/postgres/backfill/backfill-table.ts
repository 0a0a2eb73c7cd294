import { baseTypeOid } from "../base-type.ts";
import type { Ask } from "../preflight/read-facts.ts";
import type { ColumnNames } from "../start-command.ts";
import type { TableName } from "../table-name.ts";
import { sqlTableName } from "../table-name.ts";
import type { RepairFacts } from "./repair-facts.ts";

export interface BackfillColumn {
  readonly name: string;
  /** Of the base type for a domain. */
  readonly typeOid: number;
  /** `pg_type.typname` of the column's own type. */
  readonly type: string;
}

/** An outbox table as a backfill reads it. */
export interface BackfillTable extends TableName {
  readonly oid: number;
  /** OIDs of outbox tables below it, with all below those: their rows are read as theirs, and not a second time as its own. */
  readonly without: readonly number[];
  /** Of those the relay reads, the ones that are there. */
  readonly columns: readonly BackfillColumn[];
  /** `txid xid8`: tells which rows are provably newer than a watermark, and the order of transactions. */
  readonly hasTxid: boolean;
  /** `created_at timestamptz`. Without a time zone nobody knows which moment a value means. */
  readonly hasCreatedAt: boolean;
  /** `write_order`: numbers the rows as they were written. */
  readonly hasWriteOrder: boolean;
}

interface ColumnRow {
  readonly schema: string;
  readonly table: string;
  readonly oid: string;
  readonly name: string;
  readonly typeOid: string;
  readonly type: string;
}

const COLUMNS = `
  select n.nspname::text as "schema", c.relname::text as "table", c.oid::text as "oid",
         a.attname::text as "name", ${baseTypeOid("a.atttypid")}::bigint::text as "typeOid", t.typname::text as "type"
    from unnest($1::text[], $2::text[]) as wanted (schema, name)
    join pg_namespace n on n.nspname = wanted.schema
    join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   order by a.attnum`;

interface BelowRow {
  readonly oid: string;
  readonly below: readonly string[];
}

const BELOW = `
  with recursive wanted as (
    select distinct c.oid from unnest($1::text[], $2::text[]) as named (schema, name)
      join pg_namespace n on n.nspname = named.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = named.name),
  tree (root, oid) as (
    select oid, oid from wanted
    union
    select t.root, i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid)
  select above.root::text as "oid", array_agg(distinct below.oid::text) as "below"
    from tree above join tree below on below.root = above.oid
   where above.root <> above.oid
   group by 1`;

/** Reads the tables' columns, under the snapshot in force. Throws for a table that is not there. */
export async function readBackfillTables(
  ask: Ask,
  tables: readonly TableName[],
  names: ColumnNames,
  facts: readonly RepairFacts[],
): Promise<BackfillTable[]> {
  const schemas = tables.map(({ schema }) => schema);
  const wantedNames = [schemas, tables.map(({ name }) => name)];
  const rows = await ask<ColumnRow>(COLUMNS, wantedNames);
  const trees = await ask<BelowRow>(BELOW, wantedNames);
  const wanted = new Set<string>(Object.values(names));
  return tables.map((table) => {
    const ours = rows.filter((row) => row.schema === table.schema && row.table === table.name);
    if (ours[0] === undefined) throw new Error(`table ${sqlTableName(table)} does not exist`);
    return {
      ...table,
      oid: Number(ours[0].oid),
      without: trees.find(({ oid }) => oid === ours[0]?.oid)?.below.map(Number) ?? [],
      columns: ours
        .filter(({ name }) => wanted.has(name))
        .map(({ name, type, typeOid }) => ({ name, type, typeOid: Number(typeOid) })),
      hasTxid: ours.some(({ name, type }) => name === "txid" && type === "xid8"),
      hasCreatedAt: ours.some(({ name, type }) => name === "created_at" && type === "timestamptz"),
      hasWriteOrder: facts.some(
        ({ schema, name, hasWriteOrder }) =>
          hasWriteOrder && schema === table.schema && name === table.name,
      ),
    };
  });
}
