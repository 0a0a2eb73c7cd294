import type { QueryResultRow } from "pg";
import type { Ask } from "../preflight/read-facts.ts";
import type { TableName } from "../table-name.ts";

/** The column that numbers rows as they are written, where the migration or its owner has added it. */
export const WRITE_ORDER = "write_order";

/** What decides whether this role sees all rows of an outbox table. */
export interface AccessFacts extends TableName {
  /** The role has SELECT on the table and USAGE on its schema. Rights to partitions and children are not needed. */
  readonly mayRead: boolean;
  /** Row-level security applies to this role: a SELECT may leave out rows, and with `row_security = off` it is refused. */
  readonly isFiltered: boolean;
  /** Foreign tables among its partitions and children: their rows are in no WAL of this server. */
  readonly foreignLeaves: readonly string[];
}

/** And what decides how well a repair, or a first snapshot, can tell and order its rows. */
export interface RepairFacts extends AccessFacts {
  /** The column `txid`; null where there is none. */
  readonly txid: TxidFacts | null;
  /** `write_order bigint`, filled by a sequence. */
  readonly hasWriteOrder: boolean;
}

export interface TxidFacts {
  /** As SQL writes it. */
  readonly type: string;
  readonly isNotNull: boolean;
  /** The default as SQL; null where there is none. */
  readonly default: string | null;
}

/** From 17 on `pg_get_expr` waits for a lock of the table, which a start must not. */
const COLUMNS = `
         (select jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'isNotNull', a.attnotnull,
                   'default', pg_get_expr(d.adbin, d.adrelid))
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = w.oid and a.attname = 'txid' and not a.attisdropped) as "txid",
         exists (select from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                  where a.attrelid = w.oid and a.attname = '${WRITE_ORDER}' and not a.attisdropped
                    and a.atttypid = 'int8'::regtype
                    and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')) as "hasWriteOrder",`;

/** `row_security_active` answers for the role of the session; policies of a partition do not apply to reads of its root. */
function query(columns: string): string {
  return `
  with recursive wanted as (
    select c.oid, n.nspname, c.relname, n.oid as schema_oid
      from unnest($1::text[], $2::text[]) as named (schema, name)
      join pg_namespace n on n.nspname = named.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = named.name),
  tree (root, oid) as (
    select oid, oid from wanted
    union
    select t.root, i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid)
  select w.nspname::text as "schema", w.relname::text as "name",
         has_schema_privilege(w.schema_oid, 'usage') and has_table_privilege(w.oid, 'select') as "mayRead",
         row_security_active(w.oid) as "isFiltered",${columns}
         coalesce((select array_agg(format('%I.%I', fn.nspname, f.relname) order by 1)
            from tree t join pg_class f on f.oid = t.oid and f.relkind = 'f' join pg_namespace fn on fn.oid = f.relnamespace
           where t.root = w.oid), '{}') as "foreignLeaves"
    from wanted w order by 1, 2`;
}

/** Reads the catalogs only: needs no right to the tables, and waits for no lock. Tables that are not there are left out. */
export function readAccess(ask: Ask, tables: readonly TableName[]): Promise<AccessFacts[]> {
  return ask<AccessFacts & QueryResultRow>(query(""), names(tables));
}

/** The same with the columns; may wait for a session that has locked a table. */
export function readRepairFacts(ask: Ask, tables: readonly TableName[]): Promise<RepairFacts[]> {
  return ask<RepairFacts & QueryResultRow>(query(COLUMNS), names(tables));
}

function names(tables: readonly TableName[]): [string[], string[]] {
  return [tables.map(({ schema }) => schema), tables.map(({ name }) => name)];
}
