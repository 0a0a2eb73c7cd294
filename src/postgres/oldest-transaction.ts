import type { OpenTransaction } from "../relay/capture/source-database.ts";
import type { Ask } from "./preflight/read-facts.ts";
import { sqlName } from "./table-name.ts";

/** An open transaction that has written, with all that a person needs to end it. */
export interface OpenWriter extends OpenTransaction {
  /** Role that owns it. */
  readonly owner: string | null;
  /** Where it has to be ended, if it is prepared. */
  readonly database: string | null;
  /** Our own role, which may lack the right to see when the transaction began. */
  readonly ownRole: string;
}

/**
 * A transaction without an id has written nothing, and no slot waits for it. Everybody sees a session's transaction id; when it began is
 * for its own role and members of pg_read_all_stats. Our own session does not wait for itself.
 */
const OLDEST = `
  select pid, null as gid, backend_xid::text as xid, usename::text as owner, datname::text as database,
         current_user::text as "ownRole",
         extract(epoch from clock_timestamp() - xact_start)::float8 as "openSeconds", age(backend_xid) as age
    from pg_stat_activity
   where backend_xid is not null and pid <> pg_backend_pid()
  union all
  select null, gid, transaction::text, owner::text, database::text, current_user::text,
         extract(epoch from clock_timestamp() - prepared)::float8, age(transaction)
    from pg_prepared_xacts
   order by age desc
   limit 1`;

/** Null when nobody is writing. On a standby, which has no transactions of its own, always. */
export async function oldestTransaction(ask: Ask): Promise<OpenTransaction | null> {
  const found = await oldestWriter(ask);
  if (found === null) return null;
  const { pid, gid, xid, openSeconds } = found;
  return { pid, gid, xid, openSeconds };
}

/** The same, with owner and database. */
export async function oldestWriter(ask: Ask): Promise<OpenWriter | null> {
  const [found] = await ask<OpenWriter>(OLDEST, []);
  return found ?? null;
}

/** Who it is, for a message. */
export function writerText({ pid, gid, openSeconds }: OpenTransaction): string {
  const seconds = openSeconds === null ? null : Math.max(0, Math.round(openSeconds));
  if (pid === null)
    return `the prepared transaction ${gidLiteral(gid)}, prepared ${seconds ?? 0} s ago`;
  const since =
    seconds === null ? "open since a time that our role may not see" : `open for ${seconds} s`;
  return `the transaction of pid ${pid}, ${since}`;
}

/** How a person looks at it and ends it. */
export function writerHint(writer: OpenWriter): string {
  const { pid, gid, owner, database, openSeconds, ownRole } = writer;
  if (pid === null) {
    const [name, place] = [sqlName(owner ?? ""), sqlName(database ?? "")];
    return `If nobody needs it, run ROLLBACK PREPARED ${gidLiteral(gid)}; or COMMIT PREPARED ${gidLiteral(gid)}; in database ${place} as its owner ${name} or a superuser. All of them: select * from pg_prepared_xacts;`;
  }
  const look = `See what it does: select pid, datname, usename, state, xact_start, query from pg_stat_activity where pid = ${pid}; and end it if it hangs: select pg_terminate_backend(${pid});`;
  const more = `To see when it began and what it does: GRANT pg_read_all_stats TO ${sqlName(ownRole)};`;
  return openSeconds === null ? `${look} ${more}` : look;
}

/** The identifier of a prepared transaction as SQL writes it. */
export function gidLiteral(gid: string | null): string {
  return `'${(gid ?? "").replaceAll("'", "''")}'`;
}
