import type { Vantage } from "../relay/capture/source-database.ts";
import { parseLsn } from "../relay/lsn.ts";
import type { Ask } from "./preflight/read-facts.ts";
import type { TableName } from "./table-name.ts";
import type { Witness } from "./witness.ts";
import { readWitness } from "./witness.ts";

interface VantageRow {
  readonly systemId: string;
  readonly timeline: number;
  readonly publication: string;
  readonly xids: string;
  readonly lsn: string;
  readonly atMs: string;
}

/** Publications of whole schemas came with 15; a catalog that is not there cannot be named in a query. */
const VERSION_WITH_SCHEMAS = 150000;
const SCHEMAS = `
    union all
    select concat_ws('.', 'n', s.oid, s.xmin, s.pnpubid, s.pnnspid)
      from pg_publication_namespace s join ours p on p.oid = s.pnpubid`;

/**
 * What keeps rows out of the stream without a word: another publication or table of the same name, a table that left the
 * publication, operations or filters set otherwise. `xmin` changes with every such statement, so that one which was taken
 * back shows too; adding columns, VACUUM FULL and TRUNCATE change nothing of this (measured on 18).
 *
 * The snapshot is the statement's own, taken before the WAL position is asked for.
 */
function vantageQuery(version: number): string {
  return `
  with ours as (select p.*, p.xmin as version from pg_publication p where p.pubname = any($1::text[])),
  tables as (
    select c.oid, c.relpersistence, n.nspname, c.relname
      from unnest($2::text[], $3::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name),
  parts (part) as (
    select concat_ws('.', 'p', p.oid, p.version, p.pubinsert) from ours p
    union all
    select concat_ws('.', 'r', r.oid, r.xmin, r.prpubid, r.prrelid)
      from pg_publication_rel r join ours p on p.oid = r.prpubid join tables t on t.oid = r.prrelid
    union all
    select concat_ws('.', 't', t.oid, t.relpersistence, t.nspname, t.relname) from tables t${
      version < VERSION_WITH_SCHEMAS ? "" : SCHEMAS
    })
  select (select system_identifier::text from pg_control_system()) as "systemId",
         -- The first eight digits of a WAL file's name are its timeline.
         ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as "timeline",
         (select md5(string_agg(part, ',' order by part)) from parts) as "publication",
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
): Promise<Omit<Vantage, "findings">> {
  const [server] = await ask<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
    [],
  );
  const [row] = await ask<VantageRow>(vantageQuery(server?.version ?? 0), [
    publications,
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  if (row === undefined) throw new Error("a query without FROM answered no row");
  const { systemId, timeline, publication, xids, lsn, atMs } = row;
  return {
    systemId,
    timeline,
    publication: publication ?? "",
    watermark: { snapshot: xids, lsn: parseLsn(lsn), atMs: Number(atMs) },
    witness: witness === null ? null : await readWitness(ask, witness),
  };
}
