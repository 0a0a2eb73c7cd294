import pg from "pg";
import { isBytes } from "../plan/column-types.ts";
import type { TablePlan } from "../plan/world-plan.ts";
import type { Present } from "./relations.ts";

/** As the catalog query of `nameOf` writes it: quoted only where it must be. */
export function sqlName({
  schema,
  name,
}: {
  readonly schema: string;
  readonly name: string;
}): string {
  const part = (text: string): string =>
    /^[a-z_][a-z0-9_$]*$/.test(text) && text !== "order" ? text : pg.escapeIdentifier(text);
  return `${part(schema)}.${part(name)}`;
}

export function converted(name: string, from: string, to: string): string {
  if (isBytes(from) === isBytes(to)) return isBytes(from) ? name : `${name}::text::${to}`;
  return isBytes(to)
    ? `convert_to(${name}::text, 'UTF8')`
    : `convert_from(${name}, 'UTF8')::text::${to}`;
}

export function columnChange(
  on: Present,
  role: "headers" | "key",
  change: (name: string) => string,
): readonly string[] {
  const column = on.columns.get(role);
  return column === undefined
    ? []
    : [`alter table ${on.name} ${change(pg.escapeIdentifier(column.name))}`];
}

export function addHeaders(on: Present, table: TablePlan): readonly string[] {
  const column = table.columns.find(({ role }) => role === "headers");
  if (column === undefined || on.columns.has("headers")) return [];
  return [`alter table ${on.name} add column ${pg.escapeIdentifier(column.name)} ${column.type}`];
}

export function renameBack(on: Present, table: TablePlan): readonly string[] {
  return (["headers", "key"] as const).flatMap((role) => {
    const planned = table.columns.find((column) => column.role === role);
    const live = on.columns.get(role);
    if (planned === undefined || live === undefined || live.name === planned.name) return [];
    return columnChange(
      on,
      role,
      (name) => `rename column ${name} to ${pg.escapeIdentifier(planned.name)}`,
    );
  });
}

/** An UPDATE that moves no row. */
export function touch(on: Present): readonly string[] {
  const type = pg.escapeIdentifier(on.columns.get("type")?.name ?? "type");
  return [`update ${on.name} set ${type} = ${type}`];
}
