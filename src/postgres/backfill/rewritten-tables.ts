import { RelayError } from "../../relay/errors.ts";
import type { Ask } from "../preflight/read-facts.ts";
import type { TableName } from "../table-name.ts";

/** A query sees the catalogs of its snapshot, and the function those of the moment. */
const REWRITTEN = `
  with recursive tree (oid) as (
    select c.oid from unnest($1::text[], $2::text[]) as wanted (schema, name)
      join pg_namespace n on n.nspname = wanted.schema
      join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name
    union
    select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.oid)
  select format('%I.%I', n.nspname, c.relname) as "name"
    from tree t join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace
   where c.relfilenode <> 0 and c.relfilenode is distinct from pg_relation_filenode(c.oid)
   order by 1`;

/**
 * Throws where a table was rewritten or truncated after the transaction's snapshot was taken and before it was locked: its rows
 * are of later transactions then, and the snapshot shows an empty table (PostgreSQL, "MVCC Caveats").
 */
export async function assertNotRewritten(ask: Ask, tables: readonly TableName[]): Promise<void> {
  const found = await ask<{ name: string }>(REWRITTEN, [
    tables.map(({ schema }) => schema),
    tables.map(({ name }) => name),
  ]);
  if (found.length === 0) return;
  const names = found.map(({ name }) => name).join(", ");
  throw new RelayError(
    `${names}: rewritten or truncated (ALTER TABLE, TRUNCATE, VACUUM FULL) just as its rows were about to be read, and the snapshot may show none of them`,
    {
      code: "TABLE_REWRITTEN",
      remedy: "retry",
      hint: "Nothing to do: the reading begins again. If it happens again and again, run migrations once the relay says streaming.",
    },
  );
}
