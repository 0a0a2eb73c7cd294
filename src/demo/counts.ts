import type pg from "pg";
import { GROUPS } from "./consumer-group.ts";

/** What Postgres holds at one moment. */
export interface Counts {
  readonly orders: number;
  readonly ordersRolledBack: number;
  /** Events committed to the outbox. */
  readonly events: number;
  /** Events that each group has in its inbox. */
  readonly consumed: ReadonlyMap<string, number>;
}

const COUNT_SQL = `select
  (select count(*) from orders)::int as orders,
  (select count(distinct order_id) from rolled_back_events)::int as orders_rolled_back,
  (select count(*) from outbox)::int as events,
  ${GROUPS.map((group) => `(select count(*) from inbox_${group})::int as ${group}`).join(", ")}`;

type Row = Readonly<Record<string, number>>;

/** One statement, so that all numbers are of the same moment. */
export async function countAll(client: pg.Client): Promise<Counts> {
  const { rows } = await client.query<Row>(COUNT_SQL);
  const row: Row = rows[0] ?? {};
  const of = (name: string): number => row[name] ?? 0;
  return {
    orders: of("orders"),
    ordersRolledBack: of("orders_rolled_back"),
    events: of("events"),
    consumed: new Map(GROUPS.map((group) => [group, of(group)])),
  };
}

/** Events that are committed and that this group has not received yet. */
export function behind({ events, consumed }: Counts, group: string): number {
  return Math.max(0, events - (consumed.get(group) ?? 0));
}

export function haveAllCaughtUp(counts: Counts): boolean {
  return GROUPS.every((group) => behind(counts, group) === 0);
}
