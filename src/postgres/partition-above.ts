/**
 * The id of the transaction that wrote a row of pg_class, with its epoch; `last` is above every id so far. A frozen row keeps
 * its bits, and one that is older than 2^32 transactions looks newer than it is.
 */
const WRITER = "(last - ((last - c.xmin::text::bigint) & 4294967295))";

/**
 * Common table expressions for `MAY_HAVE_HELD`, which need `roots` (the outbox tables). $7 is a snapshot from before the rows
 * were committed, $8 the low 32 bits of their transaction's id.
 */
export const PARTITION_ABOVE = `
  ids as (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as last),
  written as (
    select coalesce(pg_snapshot_xmin($7::pg_snapshot)::text::bigint, last - ((last - $8::bigint) & 4294967295)) as after
      from ids),
  upwards (outbox, oid, parent) as (
    select r.outbox, r.oid, i.inhparent from roots r join pg_inherits i on i.inhrelid = r.oid
    union
    select u.outbox, u.oid, i.inhparent from upwards u join pg_inherits i on i.inhrelid = u.parent)`;

/**
 * An outbox table that may have been a partition of the table in `asked` when rows came under that name; null: none was.
 * To be detached takes a lock that waits for those who write, and writes the row in pg_class: where all that could have
 * written it had ended before the rows were committed, and it is no partition now, it was none then.
 */
export const MAY_HAVE_HELD = `(
             select min(r.outbox) from asked k join pg_class p on p.oid = k.oid and p.relkind = 'p'
               cross join ids cross join written cross join roots r join pg_class c on c.oid = r.oid
              where ${WRITER} >= written.after or exists (select from upwards u where u.oid = r.oid and u.parent = k.oid))`;
