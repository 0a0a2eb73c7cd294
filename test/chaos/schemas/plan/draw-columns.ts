import type { Dice } from "../../prove/plan/dice.ts";
import { TYPES } from "./column-types.ts";
import type { ColumnPlan, ColumnRole } from "./world-plan.ts";

/** Names of the relay's columns, the same in all tables of a world: RELAY_COLUMN_* is one setting for all. */
export type RoleNames = Readonly<
  Record<"id" | "route" | "key" | "type" | "payload" | "headers", string>
>;

export const DEFAULT_NAMES: RoleNames = {
  id: "id",
  route: "aggregatetype",
  key: "aggregateid",
  type: "type",
  payload: "payload",
  headers: "headers",
};

const OTHER_NAMES: RoleNames = {
  id: "EventId",
  route: "route$",
  key: "Key",
  type: "select",
  payload: "body_1",
  headers: "Meta",
};

export function drawNames(dice: Dice): RoleNames {
  if (dice.chance(0.6)) return DEFAULT_NAMES;
  const pick = (role: keyof RoleNames): string =>
    dice.chance(0.5) ? OTHER_NAMES[role] : DEFAULT_NAMES[role];
  return {
    id: pick("id"),
    route: pick("route"),
    key: pick("key"),
    type: pick("type"),
    payload: pick("payload"),
    headers: pick("headers"),
  };
}

interface ColumnWishes {
  readonly names: RoleNames;
  readonly isPartitioned: boolean;
  readonly hasHeaders: boolean;
}

/** The columns of one table, in the order in which they are made. */
export function drawColumns(dice: Dice, wishes: ColumnWishes): readonly ColumnPlan[] {
  const { names, isPartitioned, hasHeaders } = wishes;
  const isPlain = dice.chance(0.3);
  const typeOf = (role: keyof typeof TYPES): string =>
    isPlain ? TYPES[role][0] : dice.pick<string>(TYPES[role]);
  const columns = [
    column("id", names.id, typeOf("id"), "not null"),
    column("route", names.route, typeOf("route"), "not null"),
    column("key", names.key, typeOf("key"), "not null"),
    column("type", names.type, typeOf("type"), "not null"),
    column("payload", names.payload, typeOf("payload"), ""),
    ...(hasHeaders ? [column("headers", names.headers, typeOf("headers"), "")] : []),
    ...optionalColumns(dice),
    ...(isPartitioned || dice.chance(0.2) ? placeColumns(dice) : []),
    ...extraColumns(dice),
  ];
  return dice.chance(0.5) ? dice.shuffled(columns) : columns;
}

function optionalColumns(dice: Dice): ColumnPlan[] {
  const created = dice.pick(["timestamptz", "timestamptz", "timestamptz", "none"]);
  const txid = dice.pick(["not null", "not null", "not null", "", "none"]);
  return [
    ...(created === "none"
      ? []
      : [column("created_at", "created_at", created, "not null default pg_catalog.now()")]),
    ...(txid === "none"
      ? []
      : [column("txid", "txid", "xid8", `${txid} default pg_catalog.pg_current_xact_id()`)]),
  ];
}

function placeColumns(dice: Dice): ColumnPlan[] {
  const region = dice.pick(["region", "Gebiet Übersee", "order by"]);
  return [
    column("region", region, "text", "not null default 'a'"),
    column("bucket", "bucket", "int", "not null default 0"),
    column("slice", "slice", "int", "not null default 0"),
  ];
}

function extraColumns(dice: Dice): ColumnPlan[] {
  const drawn: ColumnPlan[] = [];
  if (dice.chance(0.4)) {
    drawn.push({ ...column("extra", "former", "text", "default 'x'"), isDropped: true });
  }
  if (dice.chance(0.3)) drawn.push(column("extra", "Größe", "numeric(10,2)", "default 1.50"));
  if (dice.chance(0.2)) drawn.push(column("extra", "tags", "text[]", "default '{a,\"b c\"}'"));
  if (dice.chance(0.2)) {
    drawn.push(column("extra", "doubled", "int", "generated always as (2 * 21) stored"));
  }
  if (dice.chance(0.2)) {
    drawn.push(column("extra", "number", "bigint", "generated always as identity"));
  }
  return drawn;
}

function column(role: ColumnRole, name: string, type: string, options: string): ColumnPlan {
  return { role, name, type, options, isDropped: false };
}
