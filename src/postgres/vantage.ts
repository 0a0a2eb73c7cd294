import type { Catalog } from "../relay/capture/catalog.ts";
import type { Vantage } from "../relay/capture/source-database.ts";
import { parseLsn } from "../relay/lsn.ts";
import { catalogParts, hasSchemas } from "./catalog-query.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { serverVersion } from "./server-version.ts";
import type { TableName } from "./table-name.ts";
import type { Witness } from "./witness.ts";
import { readWitness } from "./witness.ts";

interface VantageRow {
  readonly systemId: string;
  readonly timeline: number;
  readonly publication: string;
  readonly catalog: Catalog | null;
  readonly databaseOid: number;
  readonly xids: string;
  readonly lsn: string;
  readonly atMs: string;
}

const SCHEMAS = `
    union all
    select concat_ws('.', 'n', s.oid, s.xmin, s.pnpubid, s.pnnspid)
      from pg_publication_namespace s join ours p on p.oid = s.pnpubid`;

/**
 * What keeps rows out of the stream without a word: another publication or table of the same name, a table that left the
 * publication, operations or filters set otherwise; as the rows that decide it, and as the fingerprint that checkpoints of
 * earlier versions hold.
 *
 * The snapshot is the statement's own, taken before the WAL position is asked for.
 */
function vantageQuery(version: number): string {
  return `
  with ours as (select p.*, p.xmin as version from pg_publication p where p.pubname = any($1::text[])),
  tables as (
    select c.oid, c.relpersistence, n.nspname, c.relname, c.relowner, y.xmin as type_version
      from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
      left join pg_type y on y.oid = c.reltype),
  parts (part) as (
    select concat_ws('.', 'p', p.oid, p.version, p.pubinsert) from ours p
    union all
    select concat_ws('.', 'r', r.oid, r.xmin, r.prpubid, r.prrelid)
      from pg_publication_rel r join ours p on p.oid = r.prpubid join tables t on t.oid = r.prrelid
    union all
    select concat_ws('.', 't', t.oid, t.relpersistence, t.nspname, t.relname) from tables t${
      hasSchemas(version) ? SCHEMAS : ""
    }),
  catalog (name, deciding, touched, owner) as (${catalogParts(version)})
  select (select system_identifier::text from pg_control_system()) as "systemId",
         -- The first eight digits of a WAL file's name are its timeline.
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as "timeline",
         (select md5(string_agg(part, ',' order by part)) from parts) as "publication",
         (select json_object_agg(name, json_build_object('deciding', deciding, 'touched', touched, 'owner', owner))
            from catalog) as "catalog",
         (select oid from pg_database where datname = current_database()) as "databaseOid",
         pg_current_snapshot()::text as "xids",
         pg_current_wal_insert_lsn()::text as "lsn",
         (extract(epoch from clock_timestamp()) * 1000)::bigint::text as "atMs"`;
}

/** Looks at all that can be changed behind the stream's back, and takes a watermark. */
export async function readVantage(
  ask: Ask,
  publications: readonly string[],
  tables: readonly TableName[],
  witness: Witness | null,
): Promise<Omit<Vantage, "findings" | "tree">> {
  const version = await serverVersion(ask);
  const [row] = await ask<VantageRow>(vantageQuery(version), [
    publications,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  if (row === undefined) throw new Error("a query without FROM answered no row");
  const { systemId, timeline, databaseOid, publication, catalog, xids, lsn, atMs } = row;
  return {
    systemId,
    timeline,
    databaseOid,
    publication: publication ?? "",
    catalog: catalog ?? {},
    watermark: { snapshot: xids, lsn: parseLsn(lsn), atMs: Number(atMs) },
    witness: witness === null ? null : await readWitness(ask, witness),
  };
}
