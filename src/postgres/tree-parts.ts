import type { TreePart } from "../relay/capture/tree.ts";
import { OUTBOX_KEY, SCHEMA_KEY } from "../relay/capture/tree.ts";
import { hasSchemas } from "./catalog-query.ts";
import { OverlookedParts } from "./overlooked-parts.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { serverVersion } from "./server-version.ts";
import type { TableName } from "./table-name.ts";

const TREE = `
  with recursive ours as (select * from pg_publication where pubname = any($1::text[])),
  outbox as (
    select c.oid, c.relnamespace from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
  tree (oid, joined, began) as (
    select i.inhrelid, i.xmin::text, i.cmin::text::bigint
      from outbox o join pg_inherits i on i.inhparent = o.oid and not i.inhdetachpending
    union
    select i.inhrelid, i.xmin::text, i.cmin::text::bigint
      from tree t join pg_inherits i on i.inhparent = t.oid and not i.inhdetachpending),
  links as (
    select oid, string_agg(distinct joined, '.' order by joined) as link, max(began) as began from tree group by oid)`;

/**
 * CREATE TABLE links a partition or a child to its parent after it has written the columns, and before it makes the TOAST
 * table or writes the partition key; another statement of the same transaction comes after all of these. `cmin` has the order.
 */
const CREATED_AS_PART = `
    made.xmin::text = l.link and l.began <= coalesce(
      (select t.cmin::text::bigint from pg_attribute t
        where t.attrelid = c.reltoastrelid and t.attnum = 1 and t.xmin::text = l.link),
      (select k.cmin::text::bigint from pg_partitioned_table k where k.partrelid = c.oid and k.xmin::text = l.link),
      l.began)`;

/** SET UNLOGGED is refused for a table that any publication lists by its own name. */
const TOAST = `
    case when c.reltoastrelid = 0 or exists (select from pg_publication_rel r where r.prrelid = c.oid) then ''
         else c.reltoastrelid::text end`;

/** Tables below the outbox tables. Only a child by INHERITS is published by its own name. */
function membersQuery(version: number): string {
  const decides = hasSchemas(version)
    ? ", md5(pg_get_expr(r.prqual, r.prrelid)), r.prattrs::text"
    : "";
  return `
  select c.oid::text, l.link, ${TOAST}, coalesce(own.listing, ''), coalesce(own.listed, ''),
         case when c.relispartition then '' else y.xmin::text end,
         case when c.relispartition then '' else c.relowner::text end,
         format('%I.%I', n.nspname, c.relname),
         not (${CREATED_AS_PART}) or (own.listed is not null and own.since <> made.xmin::text)
    from links l join pg_class c on c.oid = l.oid join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute made on made.attrelid = c.oid and made.attnum = -1
    left join pg_type y on y.oid = c.reltype
    left join lateral (
      select string_agg(concat_ws('.', r.prpubid${decides}), ',' order by r.prpubid) as listing,
             string_agg(r.oid || '.' || r.xmin, ',' order by r.prpubid) as listed,
             (array_agg(r.xmin::text order by age(r.xmin) desc))[1] as since
        from pg_publication_rel r join ours p on p.oid = r.prpubid
       where r.prrelid = c.oid and not c.relispartition) own on true`;
}

/** Outbox tables, with the links above those that a publication brings with a table above them only. */
function outboxQuery(version: number): string {
  const bySchema = hasSchemas(version)
    ? "or exists (select from pg_publication_namespace s join ours p on p.oid = s.pnpubid where s.pnnspid = c.relnamespace)"
    : "";
  return `
  select '${OUTBOX_KEY}' || c.oid,
         case when exists (select from ours where puballtables)
                or exists (select from pg_publication_rel r join ours p on p.oid = r.prpubid where r.prrelid = c.oid)
                ${bySchema} then ''
              else coalesce((select string_agg(i.xmin::text, '.' order by up.level)
                from pg_partition_ancestors(c.oid) with ordinality up (relid, level)
                join pg_inherits i on i.inhrelid = up.relid and not i.inhdetachpending), '0') end,
         ${TOAST}, '', '', '', '', format('%I.%I', n.nspname, c.relname), false
    from outbox o join pg_class c on c.oid = o.oid join pg_namespace n on n.oid = c.relnamespace`;
}

const SCHEMAS = `
  select distinct '${SCHEMA_KEY}' || n.oid, '', '', '', '', n.xmin::text,
         concat_ws('.', n.nspowner, md5(n.nspacl::text)), format('schema %I', n.nspname), false
    from outbox o join pg_namespace n on n.oid = o.relnamespace`;

function treeQuery(version: number): string {
  return `${TREE},
  parts (key, link, toast, listing, listed, version, owner, name, late) as (
    ${membersQuery(version)}
    union all ${outboxQuery(version)}
    union all ${SCHEMAS})
  select key, link, toast, listing, listed, version, owner, name, late as "isLate",
         case when late and not key = any($4::text[]) then
           greatest(pg_relation_size(key::oid::regclass),
             (select sum(pg_relation_size(relid)) from pg_partition_tree(key::oid::regclass))) > 0
         end as "hasRows"
    from parts order by key`;
}

interface PartRow extends Omit<TreePart, "hasRows" | "overlooked"> {
  /** Null for those that need no answer. */
  readonly hasRows: boolean | null;
}

/** Reads the tree below and above the outbox tables; asks once for each table that came late whether it holds rows. */
export class TreeParts {
  /** Whether late parts held rows when they were first seen; of those that were there at the last reading. */
  #hadRows: ReadonlyMap<string, boolean> = new Map();
  readonly #overlooked = new OverlookedParts();

  async read(
    ask: Ask,
    publications: readonly string[],
    tables: readonly TableName[],
  ): Promise<readonly TreePart[]> {
    const version = await serverVersion(ask);
    const rows = await ask<PartRow>(treeQuery(version), [
      publications,
      tables.map(({ schema }) => schema),
      tables.map(({ name }) => name),
      [...this.#hadRows.keys()],
    ]);
    const parts = rows.map((row) => ({
      ...row,
      hasRows: row.hasRows ?? this.#hadRows.get(row.key) ?? false,
    }));
    const late = parts.filter(({ isLate }) => isLate);
    this.#hadRows = new Map(late.map(({ key, hasRows }) => [key, hasRows] as const));
    const overlooked = await this.#overlooked.of(ask, version, late, tables);
    return parts.map((part) => ({ ...part, overlooked: overlooked.get(part.key) ?? "no" }));
  }
}
