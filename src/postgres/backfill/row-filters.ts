import { hasSchemas } from "../catalog-query.ts";
import type { Ask } from "../preflight/read-facts.ts";
import { serverVersion } from "../server-version.ts";
import type { TableName } from "../table-name.ts";

interface FilterRow extends TableName {
  /** Of the outbox table, or of a child below it by INHERITS, which is listed by its own name. */
  readonly oid: string;
  /** SQL; null where all rows are published. */
  readonly filter: string | null;
}

/** As pgoutput does it: a row is published where the filter of any publication lets it through, or where one has none. */
const FILTERS = `
  with recursive ours as (select oid, puballtables from pg_publication where pubname = any($1::text[]) and pubinsert),
  tree (nspname, relname, oid) as (
    select n.nspname, c.relname, c.oid from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    union
    select t.nspname, t.relname, i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid
      join pg_class c on c.oid = i.inhrelid and not c.relispartition),
  listed as (select r.prrelid, r.prpubid, r.prqual from pg_publication_rel r join ours p on p.oid = r.prpubid)
  select t.nspname::text as "schema", t.relname::text as "name", t.oid::text as "oid",
         case when not exists (select from ours where puballtables)
               and not exists (select from pg_publication_namespace s join ours p on p.oid = s.pnpubid
                                where s.pnnspid = c.relnamespace)
               and not exists (select from listed l where l.prrelid = c.oid and l.prqual is null)
               and not exists (select from listed l where l.prrelid <> c.oid
                                and l.prrelid in (select relid from pg_partition_ancestors(c.oid)))
              then (select string_agg('(' || pg_get_expr(l.prqual, l.prrelid) || ')', ' or ' order by l.prpubid)
                      from listed l where l.prrelid = c.oid) end as "filter"
    from tree t join pg_class c on c.oid = t.oid order by c.oid`;

/**
 * Conditions that keep out of a backfill what a wanted row filter keeps out of the stream, by `schema.name` of the outbox table; none for a
 * table whose rows are all published.
 */
export async function rowFilters(
  ask: Ask,
  publications: readonly string[],
  tables: readonly TableName[],
): Promise<ReadonlyMap<string, string>> {
  const version = await serverVersion(ask);
  // Row filters came with them.
  if (!hasSchemas(version)) return new Map();
  const found = await ask<FilterRow>(FILTERS, [
    publications,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  const byTable = Map.groupBy(found, ({ schema, name }) => `${schema}.${name}`);
  return new Map(
    [...byTable]
      .filter(([, rows]) => rows.some(({ filter }) => filter !== null))
      .map(([table, rows]) => [table, conditionOf(rows)] as const),
  );
}

/** Each relation of the tree has a filter of its own; rows of partitions have that of their outbox table. */
function conditionOf(rows: readonly FilterRow[]): string {
  const [only] = rows;
  if (rows.length === 1) return `(${only?.filter ?? "true"})`;
  const each = rows.map(({ oid, filter }) => `tableoid = ${oid} and (${filter ?? "true"})`);
  return `(${each.join(" or ")})`;
}
