import type { Finding } from "../../relay/finding.ts";
import type { TableName } from "../table-name.ts";
import { sqlName, sqlTableName } from "../table-name.ts";
import type { Ask } from "./read-facts.ts";

interface HeaderColumn extends TableName {
  readonly oid: string;
  readonly isThere: boolean;
}

const HEADER_COLUMNS = `
  select c.oid::text as "oid", n.nspname::text as "schema", c.relname::text as "name",
         exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = $3
                    and a.attnum > 0 and not a.attisdropped) as "isThere"
    from unnest($1::text[], $2::text[]) as wanted (schema, name)
    join pg_namespace n on n.nspname = wanted.schema
    join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name`;

/**
 * Remembers which outbox tables had the headers column. A table may do without one, but where it was there and is gone,
 * events would go on without their headers. Holds one entry for each outbox table.
 */
export class HeaderColumns {
  readonly #column: string;
  #had: ReadonlySet<string> = new Set();

  /** `column`: its name; empty where headers are not read. */
  constructor(column: string) {
    this.#column = column;
  }

  /** Looks at the catalog: a halt for each table that has lost the column since an earlier look. */
  async look(ask: Ask, tables: readonly TableName[]): Promise<Finding[]> {
    if (this.#column === "") return [];
    const found = await ask<HeaderColumn>(HEADER_COLUMNS, [
      tables.map(({ schema }) => schema),
      tables.map(({ name }) => name),
      this.#column,
    ]);
    const lost = found.filter(({ oid, isThere }) => !isThere && this.#had.has(oid));
    this.#had = new Set([...found.filter(({ isThere }) => isThere), ...lost].map(({ oid }) => oid));
    return lost.map((table) => this.#lost(table));
  }

  #lost(table: TableName): Finding {
    const column = sqlName(this.#column);
    return {
      code: "COLUMN_MISSING",
      severity: "halt",
      message: `table ${sqlTableName(table)} has lost the column ${column} while the relay ran (RELAY_COLUMN_HEADERS): events would go on without their headers`,
      hint: `Rename the column back, or set RELAY_COLUMN_HEADERS to its new name and restart; RELAY_COLUMN_HEADERS=none leaves headers out from now on.`,
    };
  }
}
