import { hasSchemas } from "../catalog-query.ts";
import { serverVersion } from "../server-version.ts";
import type { TableName } from "../table-name.ts";
import type { InsertTarget } from "./insert-again.ts";
import { insertTarget } from "./insert-again.ts";
import type { Ask } from "./read-facts.ts";

/** Why rows of a table below an outbox table do not come, or do not all come. */
export type TreeFlaw =
  | "unlogged"
  | "temporary"
  | "foreign"
  /** A child by INHERITS that no publication of ours has: it is no partition, so its parent's membership does not count. */
  | "unpublished"
  /** A child by INHERITS whose row filter or column list is not the outbox table's. */
  | "published-otherwise";

/** A table below an outbox table, at any depth, that has a flaw. */
export interface TreeMember extends TableName {
  readonly oid: string;
  /** The outbox table. */
  readonly root: TableName;
  /** The table right above it. */
  readonly parent: TableName;
  readonly isPartition: boolean;
  readonly flaw: TreeFlaw;
  /** How a publication of ours lists the outbox table; null where none names it. */
  readonly listing: Listing | null;
  /** How its rows are inserted into the outbox table. */
  readonly target: InsertTarget;
}

export interface Listing {
  readonly publication: string;
  /** As the server writes it. */
  readonly rowFilter: string | null;
}

/** A table that a publication of ours names, and that is neither an outbox table nor above or below one. */
export interface UnlistedTable extends TableName {
  readonly oid: string;
  readonly publication: string;
}

export interface TreeFacts {
  readonly flawed: readonly TreeMember[];
  readonly unlisted: readonly UnlistedTable[];
}

const BY_SCHEMA = `
        or exists (select from pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = c.relnamespace)`;
/** Both are copied from the parent when the publication gets the table, and changed for each table alone. */
const DIFFERS = `exists (
             select from pg_publication_rel own
               join ours p on p.oid = own.prpubid and not p.puballtables
               left join pg_publication_rel top on top.prpubid = own.prpubid and top.prrelid = c.root
              where own.prrelid = c.oid
                and (pg_get_expr(own.prqual, own.prrelid) is distinct from pg_get_expr(top.prqual, top.prrelid)
                  or own.prattrs is not null and
                     (select array_agg(a.attname order by a.attname) from pg_attribute a
                       where a.attrelid = own.prrelid and a.attnum = any(own.prattrs)) is distinct from
                     (select array_agg(a.attname order by a.attname) from pg_attribute a
                       where a.attrelid = top.prrelid and a.attnum = any(top.prattrs))))`;

/** All below the outbox tables, to any depth: partitions, and children by INHERITS. */
const TREE = `
  with recursive ours as (select * from pg_publication where pubname = any($1::text[])),
  outbox as (
    select c.oid from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
  tree (root, oid, parent) as (
    select o.oid, i.inhrelid, i.inhparent from outbox o join pg_inherits i on i.inhparent = o.oid
    union all
    select t.root, i.inhrelid, i.inhparent from tree t join pg_inherits i on i.inhparent = t.oid)`;

/** The first flaw of each member; most have none and cost two look-ups by index. */
function flawsQuery(version: number): string {
  const isListing = hasSchemas(version);
  return `${TREE},
  members as (
    select t.root, t.parent, c.* from (select distinct on (oid) * from tree) t
      join lateral (select oid, relname, relnamespace, relkind, relpersistence, relispartition
                      from pg_class where oid = t.oid) c on true),
  flaws as (
    select c.*, case
        when c.relkind = 'f' then 'foreign'
        when c.relkind <> 'r' then null
        when c.relpersistence = 't' then 'temporary'
        when c.relpersistence = 'u' then 'unlogged'
        when not c.relispartition and not exists (
          select from ours p where p.pubinsert and (p.puballtables
            or exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = c.oid)${
              isListing ? BY_SCHEMA : ""
            })) then 'unpublished'${
              isListing
                ? `
        when not c.relispartition and ${DIFFERS} then 'published-otherwise'`
                : ""
            }
      end as flaw from members c)
  select f.oid::text as "oid", n.nspname::text as "schema", f.relname::text as "name",
         jsonb_build_object('schema', rn.nspname, 'name', r.relname) as "root",
         jsonb_build_object('schema', pn.nspname, 'name', p.relname) as "parent",
         f.relispartition as "isPartition", f.flaw,
         (select jsonb_build_object('publication', o.pubname, 'rowFilter', ${
           isListing ? "pg_get_expr(l.prqual, l.prrelid)" : "null::text"
         }) from pg_publication_rel l join ours o on o.oid = l.prpubid and not o.puballtables
           where l.prrelid = f.root order by o.pubname limit 1) as "listing",
         ${insertTarget("f.root")} as "target"
    from flaws f
    join pg_namespace n on n.oid = f.relnamespace
    join pg_class r on r.oid = f.root join pg_namespace rn on rn.oid = r.relnamespace
    join pg_class p on p.oid = f.parent join pg_namespace pn on pn.oid = p.relnamespace
   where f.flaw is not null
   order by f.flaw, n.nspname, f.relname`;
}

const UNLISTED = `${TREE},
  above (oid) as (
    select i.inhparent from outbox o join pg_inherits i on i.inhrelid = o.oid
    union
    select i.inhparent from above a join pg_inherits i on i.inhrelid = a.oid)
  select c.oid::text as "oid", n.nspname::text as "schema", c.relname::text as "name", p.pubname::text as "publication"
    from ours p join pg_publication_rel r on r.prpubid = p.oid
    join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
   where p.pubinsert
     and c.oid not in (select oid from outbox union all select oid from tree union all select oid from above)
   order by p.pubname, n.nspname, c.relname`;

/** Reads what lies below the outbox tables, and what else the publications name. */
export async function readTree(
  ask: Ask,
  publications: readonly string[],
  tables: readonly TableName[],
): Promise<TreeFacts> {
  const version = await serverVersion(ask);
  const values = [publications, tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
  return {
    flawed: await ask<TreeMember>(flawsQuery(version), values),
    unlisted: await ask<UnlistedTable>(UNLISTED, values),
  };
}
