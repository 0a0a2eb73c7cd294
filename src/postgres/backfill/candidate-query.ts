import pg from "pg";
import type { Shard } from "../../relay/shard.ts";
import { keyUnfit, shardCondition } from "../shard-filter.ts";
import type { ColumnNames } from "../start-command.ts";
import { quotedTableName } from "../table-name.ts";
import type { BackfillTable } from "./backfill-table.ts";
import { outputText } from "./output-text.ts";
import { WRITE_ORDER } from "./repair-facts.ts";
import type { XidRange } from "./xid-range.ts";
import { isWriterShown, writerXid } from "./xid-range.ts";

/** Names of the cursors over the candidates, and over those of them that the slot may bring as well. */
export const CURSOR = "outbox_relay_backfill";
export const DOUBTFUL_CURSOR = "outbox_relay_doubtful";

/** Which rows a backfill looks at. */
export interface CandidateScope {
  /** Only those that a transaction of this range has written. */
  readonly xids: XidRange;
  /** With which the slot was made, where an earlier attempt made it: then rows that it surely brings are none. `pg_snapshot`. */
  readonly made: string | null;
  /** Only those whose keys are the shard's: another relay publishes the others. */
  readonly shard: Shard | null;
  readonly columns: ColumnNames;
  /** Only those that meet the table's condition, by `schema.name`. */
  readonly filters: ReadonlyMap<string, string>;
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

/** Names the candidates that the slot may bring as well. */
export function doubtfulQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  const id = `format('%s', ${pg.escapeIdentifier(scope.columns.id)}) as id`;
  return tables
    .map((table) => {
      const conditions = [...candidateConditions(table, scope), doubt(scope)];
      return `select ${id} from ${quotedTableName(table)}${where([...conditions, ...ownRows(table, scope)])}`;
    })
    .join("\nunion all\n");
}

/** How many rows the tables hold, how many of them are candidates, and of these how many the slot may bring; how many have a `txid` that tells nothing. */
export function countQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  const counts = tables.map((table) => {
    const candidate = all(candidateConditions(table, scope));
    const doubtful = all([...candidateConditions(table, scope), doubt(scope)]);
    const odd = table.hasTxid
      ? `txid is null or txid::text::bigint > ${writerXid(scope.xids)}`
      : "false";
    return `select count(*) as "rows", count(*) filter (where ${candidate}) as candidates,
       count(*) filter (where ${doubtful}) as doubtful, count(*) filter (where ${odd}) as odd from ${quotedTableName(table)}${where(ownRows(table, scope))}`;
  });
  return `select sum("rows")::bigint::text as "rows", sum(candidates)::bigint::text as candidates,
       sum(doubtful)::bigint::text as doubtful, sum(odd)::bigint::text as odd
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
  const conditions = [...candidateConditions(table, scope), ...ownRows(table, scope)];
  return `select ${index} as source, tableoid::bigint as leaf, ctid as place, cmin::text::bigint as statement, ${order}, ${written} as written,
       format('%s', ${pg.escapeIdentifier(columns.id)}) as id, ${outputText(columns.route)} as route, ${created} as created, ${isNew(table, scope)} as "isNew"
  from ${quotedTableName(table)}${where(conditions)}`;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
}

function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? "true" : conditions.map((one) => `(${one})`).join(" and ");
}

function candidateConditions(table: BackfillTable, scope: CandidateScope): string[] {
  return [sinceCondition(scope), besideCondition(table, scope)].filter((one) => one !== null);
}

/** Not those that the slot brings for certain: by `xmin` the row was written since, and by its `txid` inserted since. */
function besideCondition(table: BackfillTable, { xids, made }: CandidateScope): string | null {
  if (made === null || !table.hasTxid) return null;
  return `(${isWriterShown(xids, made)} or not ${isInsertedAfter(xids, made)})`;
}

/** Of candidates: the slot may bring them, unless their last writer is one that its snapshot shows. */
function doubt({ xids, made }: CandidateScope): string {
  return made === null ? "false" : `not ${isWriterShown(xids, made)}`;
}

/** By `txid`. A number that is above the writer's own was written by hand. */
function isInsertedAfter(xids: XidRange, snapshot: string): string {
  return `coalesce(txid::text::bigint <= ${writerXid(xids)} and not pg_visible_in_snapshot(txid, ${pg.escapeLiteral(snapshot)}::pg_snapshot), false)`;
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
  return isInsertedAfter(xids, xids.snapshot);
}

/** The rows that are read as this table's: not those of an outbox table below it, and only those that are published, and the shard's. */
function ownRows(table: BackfillTable, scope: CandidateScope): string[] {
  const others =
    table.without.length === 0 ? [] : [`tableoid not in (${table.without.join(", ")})`];
  const filter = scope.filters.get(`${table.schema}.${table.name}`);
  return [...others, ...(filter === undefined ? [] : [filter]), ...keyCondition(table, scope)];
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
