import type pg from "pg";
import type { RowClass } from "../check/history.ts";
import type { ColumnRole } from "../plan/world-plan.ts";

export interface LiveColumn {
  readonly attnum: number;
  /** The name it has now. */
  readonly name: string;
  /** SQL of its type, and of the type below all domains. */
  readonly type: string;
  readonly base: string;
  readonly isNotNull: boolean;
}

/** A table that the world knows by id, whatever its name is at the moment. */
export interface KnownRelation {
  readonly id: string;
  readonly oid: number;
  /** Numbers of the columns by what they are for; they outlive renames. */
  readonly attnums: Map<ColumnRole, number>;
}

const COLUMNS = `
  with recursive down as (
    select a.attnum, a.attname, a.attnotnull, a.atttypid, a.atttypmod, t.oid as type, t.typtype, t.typbasetype, t.typtypmod, 0 as depth
      from pg_attribute a join pg_type t on t.oid = a.atttypid
     where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
    union all
    select d.attnum, d.attname, d.attnotnull, d.atttypid, d.atttypmod, t.oid, t.typtype, t.typbasetype, t.typtypmod, d.depth + 1
      from down d join pg_type t on t.oid = d.typbasetype where d.typtype = 'd')
  select distinct on (attnum) attnum::int as attnum, attname::text as name, attnotnull as "isNotNull",
         format_type(atttypid, atttypmod) as type, format_type(type, null) as base
    from down order by attnum, depth desc`;

export async function columnsOf(client: pg.Client, oid: number): Promise<readonly LiveColumn[]> {
  const { rows } = await client.query<LiveColumn>(COLUMNS, [oid]);
  return rows;
}

/** The name as SQL writes it; null when there is no such table any more. */
export async function nameOf(client: pg.Client, oid: number): Promise<string | null> {
  const { rows } = await client.query<{ name: string }>(
    "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1",
    [oid],
  );
  return rows[0]?.name ?? null;
}

export async function oidOf(client: pg.Client, name: string): Promise<number | null> {
  const { rows } = await client.query<{ oid: number | null }>(
    "select to_regclass($1)::oid::bigint::int as oid",
    [name],
  );
  return rows[0]?.oid ?? null;
}

interface Standing {
  readonly name: string;
  readonly isOurs: boolean;
  readonly isPublished: boolean;
  readonly persistence: string;
}

/**
 * What pgoutput decides by (get_rel_sync_entry): a table comes when the publication has all tables, the table itself or its
 * schema, or the same of a table that it is a partition of. An INHERITS child comes by its own membership only.
 */
const STANDING = `
  with recursive up as (
    select c.oid, c.relnamespace, c.relname, c.relispartition, true as "isPartitionOf" from pg_class c where c.oid = $1
    union all
    select p.oid, p.relnamespace, p.relname, p.relispartition, u."isPartitionOf" and u.relispartition
      from up u join pg_inherits i on i.inhrelid = u.oid join pg_class p on p.oid = i.inhparent),
  wanted as (
    select u.oid from up u join pg_namespace n on n.oid = u.relnamespace
     where u.oid = any($2::oid[]) or format('%s.%s', n.nspname, u.relname) = any($3::text[]))
  select format('%I.%I', n.nspname, c.relname) as name, c.relpersistence::text as persistence,
         exists (select from wanted) as "isOurs",
         exists (
           select from pg_publication p where p.pubname = $4 and p.pubinsert and (
             p.puballtables
             or exists (select from pg_publication_rel r join up u on u.oid = r.prrelid where r.prpubid = p.oid and u."isPartitionOf")
             or {{schemas}})
         ) as "isPublished"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`;
const BY_SCHEMA = `exists (select from pg_publication_namespace s join up u on u.relnamespace = s.pnnspid
                     where s.pnpubid = p.oid and u."isPartitionOf")`;

export interface Outbox {
  /** The tables that RELAY_TABLES named when the world began, or when somebody last decided. */
  readonly oids: readonly number[];
  /** RELAY_TABLES: names as the catalog holds them. */
  readonly names: readonly string[];
  readonly publication: string;
  readonly slot: string;
  readonly hasSchemas: boolean;
  /** There was never a slot, and what is written before there is one is nobody's to publish. */
  readonly isBeforeAll: boolean;
}

export interface Classified {
  readonly class: RowClass;
  readonly where: string;
}

/** What a row that is written into the table now is to the relay. */
export async function classify(
  client: pg.Client,
  oid: number,
  outbox: Outbox,
): Promise<Classified> {
  const text = STANDING.replace("{{schemas}}", outbox.hasSchemas ? BY_SCHEMA : "false");
  const { rows } = await client.query<Standing>(text, [
    oid,
    outbox.oids,
    outbox.names,
    outbox.publication,
  ]);
  const slot = await client.query("select from pg_replication_slots where slot_name = $1", [
    outbox.slot,
  ]);
  const [found] = rows;
  if (found === undefined) throw new Error(`table ${oid} is gone while a row is written to it`);
  const { name, isOurs, isPublished, persistence } = found;
  const isDelivered = isPublished && persistence === "p" && slot.rows.length > 0;
  const facts = [
    isPublished ? "published" : "not published",
    ...(persistence === "p" ? [] : ["unlogged"]),
    ...(slot.rows.length > 0 ? [] : ["no slot"]),
  ];
  return {
    class: !isOurs || outbox.isBeforeAll ? "other" : isDelivered ? "event" : "gap",
    where: `${name}, ${isOurs ? facts.join(", ") : "no outbox table"}`,
  };
}
