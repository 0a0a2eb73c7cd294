import pg from "pg";
import type { Shard } from "../../relay/shard.ts";
import type { Watermark } from "../../relay/watermark.ts";
import { keyUnfit, shardCondition } from "../shard-filter.ts";
import type { ColumnNames } from "../start-command.ts";
import { quotedTableName } from "../table-name.ts";
import type { BackfillTable } from "./backfill-table.ts";
import { outputText } from "./output-text.ts";

/** Name of the cursor over the candidates. */
export const CURSOR = "outbox_relay_backfill";

/** Which rows a backfill looks at. */
export interface CandidateScope {
  /** Only those that it does not show; null: all. */
  readonly since: Watermark | null;
  /** Only those whose keys are the shard's: another relay publishes the others. */
  readonly shard: Shard | null;
  readonly columns: ColumnNames;
}

/**
 * All candidates of the tables, by transaction id and then as they were written: by statement (`cmin`), and within one by
 * place. Commit order is not in the table; per key it is this one wherever writers take turns on the key, as those do that
 * lock the aggregate first.
 */
export function candidatesQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  return `${tables.map((table, i) => select(table, i, scope)).join("\nunion all\n")}
order by txid nulls first, turn, statement, leaf, place`;
}

export function countQuery(tables: readonly BackfillTable[], scope: CandidateScope): string {
  const counts = tables.map(
    (table) => `select count(*) as n from ${quotedTableName(table)}${where(table, scope)}`,
  );
  return `select sum(n)::bigint::text as count from (${counts.join(" union all ")}) as counts`;
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
  return `select ${index} as source, tableoid::bigint as leaf, ctid as place, cmin::text::bigint as statement, ${order},
       ${outputText(columns.id)} as id, ${outputText(columns.route)} as route, ${created} as created
  from ${quotedTableName(table)}${where(table, scope)}`;
}

function where(table: BackfillTable, { since, shard, columns }: CandidateScope): string {
  const conditions = [...sinceCondition(table, since), ...keyCondition(table, shard, columns)];
  return conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
}

function sinceCondition({ hasTxid }: BackfillTable, since: Watermark | null): string[] {
  if (since === null || !hasTxid) return [];
  const snapshot = `${pg.escapeLiteral(since.snapshot)}::pg_snapshot`;
  return [`txid >= pg_snapshot_xmin(${snapshot})`, `not pg_visible_in_snapshot(txid, ${snapshot})`];
}

/** The same condition as in the publication's filter, so that backfill and stream agree on every row. */
function keyCondition(table: BackfillTable, shard: Shard | null, { key }: ColumnNames): string[] {
  if (shard === null) return [];
  const type = table.columns.find(({ name }) => name === key)?.type ?? "";
  const condition = shardCondition(shard, key, type);
  if (condition !== null) return [condition];
  // Never without one: it would publish what is another shard's.
  throw keyUnfit(table, key, type);
}
