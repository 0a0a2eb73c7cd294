/** Publications of whole schemas, row filters and column lists came with 15; what is not there cannot be named in a query. */
const VERSION_WITH_SCHEMAS = 150000;

export function hasSchemas(version: number): boolean {
  return version >= VERSION_WITH_SCHEMAS;
}

/**
 * SQL for whether a default is `pg_current_xact_id()`, of `d`, a row of `pg_attrdef`. It reads the stored expression: from
 * 17 on `pg_get_expr` waits for a lock of the table, which an ALTER TABLE or a prepared transaction may hold for hours.
 */
export const IS_TRANSACTION_ID = `
              d.adbin::text like '{FUNCEXPR :funcid ' || 'pg_catalog.pg_current_xact_id()'::regprocedure::oid || ' %'`;

/**
 * Rows of the catalogs that have a say in which rows come, as `(name, deciding, touched, owner)`; needs `ours` (the
 * publications) and `tables` (the outbox tables) as `vantage.ts` names them.
 *
 * `touched` is the `xmin` of the catalog row. For a table it is that of its row type: `pg_type` changes with RENAME, SET
 * SCHEMA and OWNER TO, and not with columns, grants, ANALYZE, VACUUM FULL, indexes, TRUNCATE or SET LOGGED, which all
 * change `pg_class` (measured on 14 and 18).
 */
export function catalogParts(version: number): string {
  const member = hasSchemas(version)
    ? ", md5(pg_get_expr(r.prqual, r.prrelid)), r.prattrs::text"
    : "";
  const schemas = `
    union all
    select concat('schema ', n.nspname, ' in publication ', p.pubname), concat_ws('.', s.pnpubid, s.pnnspid),
           s.xmin::text, ''
      from pg_publication_namespace s join ours p on p.oid = s.pnpubid join pg_namespace n on n.oid = s.pnnspid`;
  return `
    select concat('publication ', p.pubname), concat_ws('.', p.oid, p.puballtables, p.pubinsert, p.pubviaroot),
           p.version::text, p.pubowner::text
      from ours p
    union all
    select distinct concat(k.nspname, '.', m.relname, ' in publication ', p.pubname),
           concat_ws('.', r.prpubid, r.prrelid${member}), r.xmin::text, ''
      from pg_publication_rel r join ours p on p.oid = r.prpubid
      join pg_class m on m.oid = r.prrelid join pg_namespace k on k.oid = m.relnamespace
      join tables t on t.oid = r.prrelid or r.prrelid in (select relid from pg_partition_ancestors(t.oid))
    union all
    select concat('table ', t.nspname, '.', t.relname), concat_ws('.', t.oid, t.relpersistence, t.nspname, t.relname),
           coalesce(t.type_version::text, ''), t.relowner::text
      from tables t${hasSchemas(version) ? schemas : ""}`;
}
