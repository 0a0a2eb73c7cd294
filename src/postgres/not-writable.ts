/** A write in a transaction that may only read, as all are on a standby. */
const READ_ONLY = "25006";
const NOT_IN_THIS_STATE = "55000";

/** Functions of the server that answer `NOT_IN_THIS_STATE` for one reason only: it is in recovery. */
const IN_RECOVERY: ReadonlySet<string> = new Set([
  "pg_current_wal_lsn",
  "pg_current_wal_insert_lsn",
  "pg_current_wal_flush_lsn",
  "pg_walfile_name",
]);

/** Whether an error of the server says that it takes no writes: it became a standby, or is kept from writing. */
export function isNotWritable({
  code,
  routine = "",
}: {
  readonly code: string;
  readonly routine?: string;
}): boolean {
  return code === READ_ONLY || (code === NOT_IN_THIS_STATE && IN_RECOVERY.has(routine));
}

/** `place`: host and port; `text`: what the server said. */
export function notWritable(
  place: string,
  text: string,
): { code: "NOT_PRIMARY"; remedy: "retry"; message: string; hint: string } {
  return {
    code: "NOT_PRIMARY",
    remedy: "retry",
    message: `Postgres at ${place} is a standby, or read-only (${text})`,
    hint: "Nothing to do during a failover: the relay goes on as soon as a primary answers. Otherwise point RELAY_DATABASE_URL at the primary: select pg_is_in_recovery(); answers f there, and show default_transaction_read_only; off.",
  };
}
