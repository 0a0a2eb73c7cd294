import pg from "pg";
import type { Shard } from "../../relay/shard.ts";
import { keyUnfit, shardCondition } from "../shard-filter.ts";
import type { ColumnNames } from "../start-command.ts";
import { quotedTableName } from "../table-name.ts";
import type { BackfillTable } from "./backfill-table.ts";
import { outputText } from "./output-text.ts";
import { WRITE_ORDER } from "./repair-facts.ts";
import type { XidRange } from "./xid-range.ts";
import { writerXid } from "./xid-range.ts";

/** Name of the cursor over the candidates. */
export const CURSOR = "outbox_relay_backfill";

/** Which rows a backfill looks at. */
export interface CandidateScope {
  /** Only those that a transaction of this range has written. */
  readonly xids: XidRange;
  /** Only those whose keys are the shard's: another relay publishes the others. */
  readonly shard: Shard | null;
  readonly columns: ColumnNames;
}

/**
 * All candidates of the tables in the order of writing, as far as the tables record it. `write_order` does: it is taken
 * when a row is written, so that per key it is commit order wherever writers take turns on the key. It counts per table,
 * and rows from before the column have none; there it is by transaction id, and within a transaction by statement
 * (`cmin`, which a DELETE that was rolled back changes), by `write_order`, and by place.
 */
export function candidatesQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  const order = tables.length === 1 ? ONE_TABLE_ORDER : MANY_TABLES_ORDER;
  return `${tables.map((table, i) => select(table, i, scope)).join("\nunion all\n")}
order by ${order}`;
}

const ONE_TABLE_ORDER = "written nulls first, txid nulls first, turn, statement, leaf, place";
const MANY_TABLES_ORDER =
  "txid nulls first, turn, statement, source, written nulls first, leaf, place";

/** How many rows the tables hold, how many of them are candidates, and of these how many have a `txid` that tells nothing. */
export function countQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  const counts = tables.map((table) => {
    const candidate = sinceCondition(scope) ?? "true";
    const odd = table.hasTxid
      ? `txid is null or txid::text::bigint > ${writerXid(scope.xids)}`
      : "false";
    return `select count(*) as "rows", count(*) filter (where ${candidate}) as candidates,
       count(*) filter (where ${odd}) as odd from ${quotedTableName(table)}${where(ownRows(table, scope))}`;
  });
  return `select sum("rows")::bigint::text as "rows", sum(candidates)::bigint::text as candidates, sum(odd)::bigint::text as odd
  from (${counts.join(" union all ")}) as counts`;
}

function select(table: BackfillTable, index: number, scope: CandidateScope): string {
  const { columns } = scope;
  const created = table.hasCreatedAt
    ? "(extract(epoch from created_at) * 1000)::float8"
    : "null::float8";
  // Without txid the age of xmin comes nearest; it says nothing about rows that were updated since.
  const order = table.hasTxid
    ? "txid, 0::bigint as turn"
    : "null::xid8 as txid, -age(xmin)::bigint as turn";
  const written = table.hasWriteOrder ? WRITE_ORDER : "null::bigint";
  const conditions = [sinceCondition(scope), ...ownRows(table, scope)];
  return `select ${index} as source, tableoid::bigint as leaf, ctid as place, cmin::text::bigint as statement, ${order}, ${written} as written,
       format('%s', ${pg.escapeIdentifier(columns.id)}) as id, ${outputText(columns.route)} as route, ${created} as created, ${isNew(table, scope)} as "isNew"
  from ${quotedTableName(table)}${where(conditions.filter((condition) => condition !== null))}`;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
}

/**
 * By `xmin`, which no writer can set: what a transaction wrote that the watermark does not show has an `xmin` that is not
 * below the watermark's oldest running transaction, also from within a savepoint, whatever is in `txid`. It is a superset:
 * rows that were updated or moved since are in it as well, and Kafka tells them apart by their ids.
 */
function sinceCondition({ xids }: CandidateScope): string | null {
  return xids.snapshot === null ? null : `${writerXid(xids)} >= ${xids.oldestRunning}`;
}

/** Whether the row is of a transaction that the watermark does not show: then it was not published before it. */
function isNew({ hasTxid }: BackfillTable, { xids }: CandidateScope): string {
  if (xids.snapshot === null || !hasTxid) return "false";
  const snapshot = `${pg.escapeLiteral(xids.snapshot)}::pg_snapshot`;
  // A number that is above the writer's own was written by hand.
  return `coalesce(txid::text::bigint <= ${writerXid(xids)} and not pg_visible_in_snapshot(txid, ${snapshot}), false)`;
}

/** The rows that are read as this table's: not those of an outbox table below it, and only the shard's. */
function ownRows(table: BackfillTable, scope: CandidateScope): string[] {
  const others =
    table.without.length === 0 ? [] : [`tableoid not in (${table.without.join(", ")})`];
  return [...others, ...keyCondition(table, scope)];
}

/** The same condition as in the publication's filter, so that backfill and stream agree on every row. */
function keyCondition(table: BackfillTable, { shard, columns: { key } }: CandidateScope): string[] {
  if (shard === null) return [];
  const type = table.columns.find(({ name }) => name === key)?.type ?? "";
  const condition = shardCondition(shard, key, type);
  if (condition !== null) return [condition];
  // Never without one: it would publish what is another shard's.
  throw keyUnfit(table, key, type);
}
