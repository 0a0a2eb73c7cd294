import type { OpenTransaction } from "../relay/capture/source-database.ts";
import type { Ask } from "./preflight/read-facts.ts";

/**
 * A transaction without an id has written nothing, and no slot waits for it. Everybody sees a session's transaction id; when it began is
 * for its own role and members of pg_read_all_stats.
 */
const OLDEST = `
  select pid, null as gid, backend_xid::text as xid,
         extract(epoch from clock_timestamp() - xact_start)::float8 as "openSeconds", age(backend_xid) as age
    from pg_stat_activity
   where backend_xid is not null
  union all
  select null, gid, transaction::text,
         extract(epoch from clock_timestamp() - prepared)::float8, age(transaction)
    from pg_prepared_xacts
   order by age desc
   limit 1`;

/** Null when nobody is writing. On a standby, which has no transactions of its own, always. */
export async function oldestTransaction(ask: Ask): Promise<OpenTransaction | null> {
  const [found] = await ask<OpenTransaction>(OLDEST, []);
  if (found === undefined) return null;
  const { pid, gid, xid, openSeconds } = found;
  return { pid, gid, xid, openSeconds };
}
