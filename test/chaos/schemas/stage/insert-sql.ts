import pg from "pg";
import { copyField } from "../../../support/chaos/copy-field.ts";
import { rowValue } from "../plan/row-values.ts";
import type { InsertStep } from "../plan/step.ts";
import type { ColumnRole } from "../plan/world-plan.ts";
import type { LiveColumn } from "./catalog.ts";
import type { Present } from "./relations.ts";

interface Filled {
  readonly column: LiveColumn;
  readonly value: (n: number) => string | null;
}

/** The statements that write rows `numbers` in the way that the step says. */
export function insertStatements(
  step: InsertStep,
  into: Present,
  numbers: readonly number[],
): readonly string[] {
  const filled = filledColumns(step, into);
  const names = filled.map(({ column }) => pg.escapeIdentifier(column.name)).join(", ");
  const tuple = (n: number): string =>
    `(${filled.map(({ value }) => literal(value(n))).join(", ")})`;
  const insert = `insert into ${into.name} (${names}) values `;
  switch (step.how) {
    case "rows":
      return numbers.map((n) => insert + tuple(n));
    case "one-statement":
      return [insert + numbers.map(tuple).join(", ")];
    case "copy":
      return [copyStatement(into.name, names, filled, numbers)];
    case "upsert":
      return upserts(insert, tuple, into, numbers);
    case "merge":
      return [mergeStatement(into, filled, numbers)];
  }
}

/** A new row, then the same rows again, once passed over and once updated: one event each. */
function upserts(
  insert: string,
  tuple: (n: number) => string,
  into: Present,
  numbers: readonly number[],
): string[] {
  const id = pg.escapeIdentifier(into.columns.get("id")?.name ?? "id");
  const rows = insert + numbers.map(tuple).join(", ");
  return [
    `${rows} on conflict (${id}) do nothing`,
    `${rows} on conflict (${id}) do nothing`,
    `${rows} on conflict (${id}) do update set ${id} = excluded.${id}`,
  ];
}

function filledColumns({ place, isTxidNull }: InsertStep, { columns }: Present): readonly Filled[] {
  return [...columns].flatMap(([role, column]): Filled[] => {
    if (role === "created_at") return [];
    if (role === "txid") {
      return isTxidNull && !column.isNotNull ? [{ column, value: () => null }] : [];
    }
    return [{ column, value: valueOf(role, column, place) }];
  });
}

function valueOf(
  role: ColumnRole,
  { base }: LiveColumn,
  place: InsertStep["place"],
): (n: number) => string | null {
  if (role === "region") return () => place.region;
  if (role === "bucket") return () => String(place.bucket);
  if (role === "slice") return (n) => String(n % 5);
  return (n) => rowValue({ role, base }, n);
}

function literal(value: string | null): string {
  return value === null ? "null" : pg.escapeLiteral(value);
}

/** Rows that the server's own shell prints: one multi-insert, without a protocol of the client. */
function copyStatement(
  table: string,
  names: string,
  filled: readonly Filled[],
  numbers: readonly number[],
): string {
  const line = (n: number): string =>
    `${filled.map(({ value }) => copyField(value(n))).join("\t")}\n`;
  const data = Buffer.from(numbers.map(line).join("")).toString("base64");
  return `copy ${table} (${names}) from program 'echo ${data} | base64 -d'`;
}

function mergeStatement(
  { name, columns }: Present,
  filled: readonly Filled[],
  numbers: readonly number[],
): string {
  const id = columns.get("id");
  const rows = numbers.map(
    (n) =>
      `(${filled.map(({ value, column }) => `${literal(value(n))}::${column.type}`).join(", ")})`,
  );
  const names = filled.map(({ column }) => pg.escapeIdentifier(column.name));
  const places = filled.map((_, i) => `v.c${i}`);
  const idPlace = filled.findIndex(({ column }) => column === id);
  return (
    `merge into ${name} t using (values ${rows.join(", ")}) v (${filled.map((_, i) => `c${i}`).join(", ")}) ` +
    `on t.${pg.escapeIdentifier(id?.name ?? "id")} = v.c${idPlace} ` +
    `when not matched then insert (${names.join(", ")}) values (${places.join(", ")})`
  );
}
