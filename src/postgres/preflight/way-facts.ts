import type { TableName } from "../table-name.ts";
import type { Ask } from "./read-facts.ts";

/** Under which name rows of an outbox table come, where a publication publishes them as rows of a table above it. */
export interface RowsName extends TableName {
  /** The topmost ancestor that is published with publish_via_partition_root. */
  readonly comesAs: TableName;
  readonly publication: string;
}

/** A rule on an outbox table, or on one below it, that does something else in place of an INSERT. */
export interface InsteadRule extends TableName {
  readonly rule: string;
  /** Tables that it names outside of the outbox. */
  readonly elsewhere: readonly TableName[];
  /** Whether it names tables of the outbox, into which it may insert. */
  readonly namesOutbox: boolean;
}

/** Where an INSERT into an outbox table ends up, and under which name it comes. */
export interface WayFacts {
  readonly names: readonly RowsName[];
  readonly rules: readonly InsteadRule[];
}

const VERSION_WITH_SCHEMAS = 150000;
const BY_SCHEMA = `
           or exists (select from pg_publication_namespace s where s.pnpubid = p.oid and s.pnnspid = a.relnamespace)`;

const OUTBOX = `
  outbox as (
    select c.oid, n.nspname, c.relname from unnest($1::text[], $2::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name)`;

/** As pgoutput does it: of all publications the topmost ancestor counts, since 15; earlier versions take the last one. */
function namesQuery(version: number): string {
  return `
  with ${OUTBOX}
  select distinct on (o.oid) o.nspname::text as "schema", o.relname::text as "name", p.pubname::text as "publication",
         jsonb_build_object('schema', an.nspname, 'name', a.relname) as "comesAs"
    from outbox o
    cross join lateral pg_partition_ancestors(o.oid) with ordinality as up (relid, level)
    join pg_class a on a.oid = up.relid join pg_namespace an on an.oid = a.relnamespace
    join pg_publication p on p.pubname = any($3::text[]) and p.pubviaroot and p.pubinsert
     and (p.puballtables or exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = a.oid)${
       version >= VERSION_WITH_SCHEMAS ? BY_SCHEMA : ""
     })
   where up.level > 1
   order by o.oid, up.level desc, p.pubname`;
}

const RULES = `
  with recursive ${OUTBOX},
  tree (oid) as (
    select oid from outbox
    union
    select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid)
  select n.nspname::text as "schema", c.relname::text as "name", r.rulename::text as "rule",
         coalesce(jsonb_agg(distinct jsonb_build_object('schema', dn.nspname, 'name', d.relname))
                    filter (where d.oid is not null and d.oid not in (select oid from tree)), '[]') as "elsewhere",
         coalesce(bool_or(d.oid in (select oid from tree)), false) as "namesOutbox"
    from tree t join pg_class c on c.oid = t.oid and c.relhasrules
    join pg_namespace n on n.oid = c.relnamespace
    join pg_rewrite r on r.ev_class = c.oid and r.ev_type = '3' and r.is_instead and r.ev_enabled <> 'D'
    left join pg_depend x on x.classid = 'pg_rewrite'::regclass and x.objid = r.oid
     and x.refclassid = 'pg_class'::regclass and x.refobjid <> c.oid
    left join pg_class d on d.oid = x.refobjid left join pg_namespace dn on dn.oid = d.relnamespace
   group by 1, 2, 3 order by 1, 2, 3`;

/** Reads under which names rows of `tables` come and which rules stand in their way. `version`: `server_version_num`. */
export async function readWay(
  ask: Ask,
  version: number,
  publications: readonly string[],
  tables: readonly TableName[],
): Promise<WayFacts> {
  const wanted = [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
  return {
    names: await ask<RowsName>(namesQuery(version), [...wanted, publications]),
    rules: await ask<InsteadRule>(RULES, wanted),
  };
}
