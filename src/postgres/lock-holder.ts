import { RelayError } from "../relay/errors.ts";
import { gidLiteral } from "./oldest-transaction.ts";
import type { Ask } from "./preflight/read-facts.ts";

/** A table that nobody else may even look at, and who keeps it so. */
interface LockHolder {
  /** As SQL writes its name. */
  readonly table: string;
  /** Null for a prepared transaction. */
  readonly pid: number | null;
  readonly gid: string | null;
}

/** One that only waits for the lock keeps others out as well. A prepared transaction's locks have no pid; one of them is of its id. */
const HOLDER = `
  select format('%I.%I', n.nspname, c.relname) as "table", l.pid, x.gid
    from pg_locks l
    join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
    left join pg_locks own on l.pid is null and own.pid is null and own.locktype = 'transactionid'
      and own.virtualtransaction = l.virtualtransaction
    left join pg_prepared_xacts x on x.transaction = own.transactionid
   where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.pid is distinct from pg_backend_pid()
     and l.database = (select oid from pg_database where datname = current_database()) and c.relkind in ('r', 'p')
   order by l.granted desc, x.gid, l.pid
   limit 1`;

/**
 * Does `work`, and names the lock that it waited for if a time-out ends it: from 16 on functions of Postgres that only
 * describe a table or a publication wait for locks of the tables. Rejects with RelayError.
 */
export async function namingLocks<T>(ask: Ask, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== "POSTGRES_TIMEOUT") throw error;
    const [holder] = await ask<LockHolder>(HOLDER, []);
    throw holder === undefined ? error : waited(error, holder);
  }
}

function waited(cause: RelayError, { table, pid, gid }: LockHolder): RelayError {
  const who = pid === null ? `the prepared transaction ${gidLiteral(gid)}` : `pid ${pid}`;
  return new RelayError(
    `${cause.message}; it may have waited for table ${table}, which ${who} locks exclusively`,
    { code: "POSTGRES_TIMEOUT", remedy: cause.remedy, hint: hint(pid, gid), cause },
  );
}

function hint(pid: number | null, gid: string | null): string {
  const next =
    pid === null
      ? `in its database, COMMIT PREPARED ${gidLiteral(gid)}; or ROLLBACK PREPARED ${gidLiteral(gid)};`
      : `select state, xact_start, query from pg_stat_activity where pid = ${pid}; and select pg_terminate_backend(${pid}); if it has to go.`;
  return `The relay goes on by itself once the table is free. To see and end who has it: ${next}`;
}
