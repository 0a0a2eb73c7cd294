import pg from "pg";
import { USER_TYPES } from "../plan/column-types.ts";
import type {
  ColumnPlan,
  PublicationPlan,
  RelationPlan,
  TablePlan,
  WorldPlan,
} from "../plan/world-plan.ts";

/** Names that belong to one run of a world: roles are shared by all databases of a server. */
export interface WorldNames {
  readonly publication: string;
  readonly relayRole: string;
  readonly ownerRole: string;
}

export const RELAY_PASSWORD = "relay";
export const UNLISTED_TABLE = 'public."not listed"';

export function qualified({
  schema,
  name,
}: {
  readonly schema: string;
  readonly name: string;
}): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

/** Everything that is there before the first step, one statement each. */
export function schemaStatements(plan: WorldPlan, names: WorldNames): readonly string[] {
  return [
    `create role ${names.relayRole} login replication password '${RELAY_PASSWORD}'`,
    `create role ${names.ownerRole} superuser`,
    "create schema app",
    "create schema away",
    "create table public.audit (what int)",
    ...USER_TYPES,
    ...plan.tables.flatMap((table) => tableStatements(table, names)),
    `grant usage on schema public, app, away to ${names.relayRole}`,
    ...(plan.publication.hasUnlisted ? [unlistedTable(plan.tables[0])] : []),
    ...publicationStatements(plan, names),
  ];
}

function tableStatements(table: TablePlan, { relayRole, ownerRole }: WorldNames): string[] {
  const name = qualified(table);
  const { columns, isRowSecured, hasOtherOwner, relations } = table;
  return [
    `create table ${name} (${columnList(columns)}${keyOf(table)}) ${table.splitBy}`,
    ...columns
      .filter(({ isDropped }) => isDropped)
      .map((column) => `alter table ${name} drop column ${pg.escapeIdentifier(column.name)}`),
    ...relations
      .filter(({ isLate }) => !isLate)
      .flatMap((relation) => relationStatements(table, relation)),
    `grant select on ${name} to ${relayRole}`,
    ...hazardStatements(table),
    ...(isRowSecured ? [`alter table ${name} enable row level security`] : []),
    ...(hasOtherOwner ? [`alter table ${name} owner to ${ownerRole}`] : []),
  ];
}

function keyOf({ hasPrimaryKey, columns }: TablePlan): string {
  const id = columns.find(({ role }) => role === "id");
  return hasPrimaryKey && id !== undefined ? `, primary key (${pg.escapeIdentifier(id.name)})` : "";
}

export function columnList(columns: readonly ColumnPlan[]): string {
  return columns
    .map(({ name, type, options }) => `${pg.escapeIdentifier(name)} ${type} ${options}`)
    .join(", ");
}

/** A partition or child of its table; a reordered one is made alone, with its columns turned round, and attached. */
export function relationStatements(table: TablePlan, relation: RelationPlan): string[] {
  const name = qualified(relation);
  const parent = qualified(parentOf(table, relation));
  const persistence = relation.isUnlogged ? "unlogged " : "";
  if (relation.kind === "child") {
    return [`create ${persistence}table ${name} () inherits (${parent})`];
  }
  if (!relation.isReordered) {
    return [
      `create ${persistence}table ${name} partition of ${parent} ${relation.bound} ${relation.splitBy}`,
    ];
  }
  const columns = table.columns.filter(({ isDropped }) => !isDropped).toReversed();
  return [
    `create ${persistence}table ${name} (${columnList(columns.map(withoutIdentity))})`,
    `alter table ${parent} attach partition ${name} ${relation.bound}`,
  ];
}

/** A partition takes identity from its root. */
function withoutIdentity(column: ColumnPlan): ColumnPlan {
  return column.options.includes("identity") ? { ...column, options: "not null" } : column;
}

export function parentOf(
  table: TablePlan,
  { parent }: RelationPlan,
): { readonly schema: string; readonly name: string } {
  return table.relations.find(({ id }) => id === parent) ?? table;
}

function hazardStatements(table: TablePlan): string[] {
  const { id, trigger, hasRule, columns } = table;
  const name = qualified(table);
  const type = columns.find(({ role }) => role === "type")?.name ?? "type";
  const body =
    trigger === "before"
      ? `new.${pg.escapeIdentifier(type)} := 'Paid'; return new;`
      : "insert into public.audit values (1); return null;";
  return [
    ...(trigger === "none"
      ? []
      : [
          `create function public.${id}_touch() returns trigger language plpgsql as $$ begin ${body} end $$`,
          `create trigger touch ${trigger} insert on ${name} for each row execute function public.${id}_touch()`,
        ]),
    ...(hasRule
      ? [`create rule audit as on insert to ${name} do also insert into public.audit values (2)`]
      : []),
  ];
}

function unlistedTable(first: TablePlan | undefined): string {
  if (first === undefined) throw new Error("a world has a table");
  return `create table ${UNLISTED_TABLE} (like ${qualified(first)} including defaults)`;
}

function publicationStatements(plan: WorldPlan, { publication }: WorldNames): string[] {
  const tables = plan.tables.map(qualified).join(", ");
  return [
    publicationStatement(plan, publication),
    ...(plan.publication.hasSecond
      ? [`create publication somebody_elses for table ${tables} with (publish = 'delete')`]
      : []),
  ];
}

export function publicationStatement(plan: WorldPlan, name: string): string {
  const { isViaRoot, operations } = plan.publication;
  return (
    `create publication ${pg.escapeIdentifier(name)} for ${membersOf(plan.publication, plan.tables)} ` +
    `with (publish = '${operations}', publish_via_partition_root = ${isViaRoot})`
  );
}

function membersOf({ form, hasUnlisted }: PublicationPlan, tables: readonly TablePlan[]): string {
  switch (form) {
    case "all":
      return "all tables";
    case "schema":
      return `tables in schema ${[...new Set(tables.map(({ schema }) => schema))].join(", ")}`;
    case "tables":
      return `table ${[...tables.map(qualified), ...(hasUnlisted ? [UNLISTED_TABLE] : [])].join(", ")}`;
  }
}
