import type {
  AskedRelation,
  CatalogAnswer,
  CatalogQuestion,
  TreeRelation,
} from "../relay/capture/catalog-lookup.ts";
import { parseLsn } from "../relay/lsn.ts";
import { IS_TRANSACTION_ID } from "./catalog-query.ts";
import { MAY_HAVE_HELD, PARTITION_ABOVE } from "./partition-above.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { serverVersion } from "./server-version.ts";
import type { TableName } from "./table-name.ts";

interface CatalogRow {
  readonly systemId: string;
  readonly lsn: string;
  readonly tree: readonly (Omit<TreeRelation, "oid"> & { readonly oid: string })[];
  readonly stamped: readonly string[];
  readonly headed: readonly string[];
  readonly isBroad: boolean;
  readonly asked: AskedRelation | null;
}

/** Publications of whole schemas came with 15; a catalog that is not there cannot be named in a query. */
const VERSION_WITH_SCHEMAS = 150000;

/** The statement's snapshot is taken before the WAL position is asked for. */
function catalogQuery(version: number): string {
  const schemas =
    version < VERSION_WITH_SCHEMAS
      ? "select null::oid as nspid where false"
      : "select s.pnnspid as nspid from pg_publication_namespace s join ours p on p.oid = s.pnpubid";
  return `
  with recursive ours as (select oid, puballtables from pg_publication where pubname = any($1::text[])),
  schemas as (${schemas}),
  named as (
    select c.oid, c.relkind, wanted.schema || '.' || wanted.name as outbox
      from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
  roots as (
    select oid, relkind, outbox from named
    union all
    select c.oid, c.relkind, known.outbox
      from unnest($5::text[], $6::oid[]) as known (outbox, oid) join pg_class c on c.oid = known.oid
     where known.outbox not in (select outbox from named)),
  tree (oid, outbox, "isRoot") as (
    select oid, outbox, true from roots
    union
    select i.inhrelid, t.outbox, false from tree t join pg_inherits i on i.inhparent = t.oid),
  asked as (select c.oid, c.relnamespace from pg_class c where c.oid = $4::oid),
  above (oid) as (
    select oid from asked
    union
    select i.inhparent from above a join pg_inherits i on i.inhrelid = a.oid),${PARTITION_ABOVE}
  select (select system_identifier::text from pg_control_system()) as "systemId",
         pg_current_wal_insert_lsn()::text as "lsn",
         coalesce((
           select jsonb_agg(jsonb_build_object('oid', t.oid::text, 'outbox', t.outbox, 'isRoot', t."isRoot",
                                               'isPartition', c.relispartition))
             from tree t join pg_class c on c.oid = t.oid), '[]') as "tree",
         array(
           select r.outbox
             from roots r
             join pg_attribute a on a.attrelid = r.oid and a.attname = 'txid' and not a.attisdropped
             join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where r.relkind = 'p' and a.atttypid = 'xid8'::regtype
              and ${IS_TRANSACTION_ID}) as "stamped",
         array(select r.outbox from roots r join pg_attribute a on a.attrelid = r.oid and a.attname = $9
                where a.attnum > 0 and not a.attisdropped) as "headed",
         exists (select from ours where puballtables) or exists (select from schemas) as "isBroad",
         case when $4::oid is null then null else jsonb_build_object(
           'exists', exists (select from asked),
           'isNamed', exists (
             select from above a join pg_publication_rel r on r.prrelid = a.oid join ours p on p.oid = r.prpubid),
           'isTakenIn', exists (select from asked) and exists (select from ours where puballtables)
             or exists (select from above a join pg_class c on c.oid = a.oid join schemas s on s.nspid = c.relnamespace),
           'mayHaveHeld', ${MAY_HAVE_HELD}
         ) end as "asked"`;
}

export interface CatalogScope {
  readonly publications: readonly string[];
  readonly tables: readonly TableName[];
  /** The headers column; empty where headers are not read. */
  readonly headers: string;
}

/** Reads which tables are outbox tables or stand below one, and what the relation in question is. */
export async function readCatalog(
  ask: Ask,
  { publications, tables, headers }: CatalogScope,
  { relation, roots }: CatalogQuestion,
): Promise<CatalogAnswer> {
  const version = await serverVersion(ask);
  const [row] = await ask<CatalogRow>(catalogQuery(version), [
    publications,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
    relation === null ? null : String(relation.oid),
    [...roots.keys()],
    [...roots.values()].map(String),
    relation?.snapshot ?? null,
    relation?.xid ?? null,
    headers,
  ]);
  if (row === undefined) throw new Error("a query without FROM answered no row");
  const tree = row.tree.map((relation) => ({ ...relation, oid: Number(relation.oid) }));
  return { ...row, lsn: parseLsn(row.lsn), tree };
}
