import type { QueryResultRow } from "pg";
import { baseTypeOid } from "../base-type.ts";
import { IS_TRANSACTION_ID } from "../catalog-query.ts";
import type { TableName } from "../table-name.ts";
import type { PublicationFacts, ServerFacts, TableFacts } from "./facts.ts";

/** Runs one query and answers its rows. */
export type Ask = <R extends QueryResultRow>(
  text: string,
  values: readonly unknown[],
) => Promise<R[]>;

/** On Amazon RDS the right to replicate comes with a role. */
const SERVER = `
  select current_setting('server_version_num')::int as "version",
         coalesce(current_setting('effective_wal_level', true), current_setting('wal_level')) as "walLevel",
         pg_is_in_recovery() as "isInRecovery",
         current_user::text as "role", current_database()::text as "database",
         current_setting('server_encoding') as "encoding",
         r.rolsuper or r.rolreplication or exists (
           select from pg_roles m
            where m.rolname = 'rds_replication' and pg_has_role(current_user, m.oid, 'member')
         ) as "mayReplicate",
         current_setting('max_replication_slots')::int as "slotsMax",
         (select count(*)::int from pg_replication_slots) as "slotsUsed",
         current_setting('max_wal_senders')::int as "walSendersMax",
         (select count(*)::int from pg_stat_get_wal_senders()) as "walSendersUsed",
         (select setting::int from pg_settings where name = 'wal_sender_timeout') as "walSenderTimeoutMs",
         current_setting('synchronous_standby_names') as "synchronousStandbyNames",
         (select setting::int from pg_settings where name = 'max_slot_wal_keep_size') as "slotWalKeepMib",
         extract(epoch from current_setting('idle_replication_slot_timeout', true)::interval)::float8 as "idleSlotTimeoutSeconds"
    from pg_roles r where r.rolname = current_user`;

const TABLES = `
  select n.nspname::text as "schema", c.relname::text as "name", c.oid::text as "oid",
         c.relkind::text as "kind", c.relpersistence::text as "persistence",
         coalesce((
           select jsonb_agg(jsonb_build_object(
                    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                    'typeName', t.typname, 'baseType', b.typname, 'category', b.typcategory,
                    'isNeverPublished', a.attgenerated <> ''
                      and current_setting('server_version_num')::int < 180000) order by a.attnum)
             from pg_attribute a
             join pg_type t on t.oid = a.atttypid
             join pg_type b on b.oid = ${baseTypeOid("t.oid")}
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as "columns",
         coalesce((
           select jsonb_agg(distinct a.attname)
             from pg_partition_tree(c.oid) as level
             join pg_partitioned_table p on p.partrelid = level.relid
             cross join unnest(p.partattrs::int2[]) as key (attnum)
             left join pg_attribute a on a.attrelid = p.partrelid and a.attnum = key.attnum and key.attnum > 0), '[]')
           as "partitionKey",
         exists (
           select from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = c.oid and a.attname = 'txid' and not a.attisdropped and a.atttypid = 'xid8'::regtype
              and ${IS_TRANSACTION_ID}) as "isStamped"
    from unnest($1::text[], $2::text[]) as wanted (schema, name)
    join pg_namespace n on n.nspname = wanted.schema
    join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name`;

/** Row filters and column lists are columns of the catalogs from 15 on; as JSON they may be absent. */
const PUBLICATIONS = `
  select p.pubname::text as "name", p.puballtables as "isForAllTables",
         p.pubinsert as "publishesInsert", p.pubviaroot as "isViaRoot",
         array_remove(array[
           case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
           case when p.pubtruncate then 'truncate' end], null) as "otherOperations",
         coalesce((
           select jsonb_agg(jsonb_build_object(
                    'schema', wanted.schema, 'name', wanted.name, 'isListed', t.t is not null,
                    'rowFilter', t.t ->> 'rowfilter',
                    'hasColumnList', r.r ->> 'prattrs' is not null,
                    'columns', t.t -> 'attnames'))
             from unnest($2::text[], $3::text[]) as wanted (schema, name)
             join pg_namespace n on n.nspname = wanted.schema
             join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
             left join lateral (
               select to_jsonb(t) as t from pg_publication_tables t
                where t.pubname = p.pubname and t.schemaname = wanted.schema and t.tablename = wanted.name
             ) t on true
             left join lateral (
               select to_jsonb(r) as r from pg_publication_rel r
                where r.prpubid = p.oid and r.prrelid = c.oid
             ) r on true
            where t.t is not null or r.r is not null or p.puballtables), '[]') as "members"
    from pg_publication p where p.pubname = any($1::text[])`;

export async function readServer(ask: Ask): Promise<ServerFacts> {
  const [server] = await ask<ServerFacts>(SERVER, []);
  if (server === undefined) throw new Error("the session's role is not in pg_roles");
  return server;
}

export function readTables(ask: Ask, tables: readonly TableName[]): Promise<TableFacts[]> {
  return ask<TableFacts>(TABLES, columnsOf(tables));
}

export function readPublications(
  ask: Ask,
  publications: readonly string[],
  tables: readonly TableName[],
): Promise<PublicationFacts[]> {
  return ask<PublicationFacts>(PUBLICATIONS, [publications, ...columnsOf(tables)]);
}

function columnsOf(tables: readonly TableName[]): [string[], string[]] {
  return [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
}
