import type pg from "pg";
import type { ColumnPlan, ColumnRole, TablePlan } from "../plan/world-plan.ts";
import type { KnownRelation, LiveColumn } from "./catalog.ts";
import { columnsOf, nameOf, oidOf } from "./catalog.ts";
import { qualified } from "./create-schema.ts";

/** A relation as it is now. */
export interface Present {
  readonly id: string;
  readonly oid: number;
  readonly name: string;
  /** Columns by what they are for; one that was dropped is not there. */
  readonly columns: ReadonlyMap<ColumnRole, LiveColumn>;
}

/** The tables that steps may name, found again by OID whatever happens to their names. */
export class Relations {
  readonly #client: pg.Client;
  readonly #tables: readonly TablePlan[];
  readonly #known = new Map<string, KnownRelation>();

  constructor(client: pg.Client, tables: readonly TablePlan[]) {
    this.#client = client;
    this.#tables = tables;
  }

  /** The table or relation of the plan that `id` belongs to. */
  tableOf(id: string): TablePlan {
    const table = this.#tables.find((one) => one.id === id.split(".")[0]) ?? this.#tables[0];
    if (table === undefined) throw new Error("a world has a table");
    return table;
  }

  relationOf(id: string): TablePlan["relations"][number] | null {
    return this.tableOf(id).relations.find((relation) => relation.id === id) ?? null;
  }

  /** Learns every table that is there under its name of the plan. */
  async learnAll(): Promise<void> {
    for (const table of this.#tables) {
      await this.learn(table.id, qualified(table));
      for (const relation of table.relations) await this.learn(relation.id, qualified(relation));
    }
  }

  async learn(id: string, name: string): Promise<void> {
    const oid = await oidOf(this.#client, name);
    if (oid === null) return;
    const live = await columnsOf(this.#client, oid);
    const plans = this.tableOf(id).columns.filter(({ isDropped }) => !isDropped);
    const attnums = new Map<ColumnRole, number>();
    for (const { role, name: column } of plans) {
      const found = live.find((one) => one.name === column);
      if (found !== undefined && role !== "extra") attnums.set(role, found.attnum);
    }
    this.#known.set(id, { id, oid, attnums });
  }

  /** Where a column was added again, it has another number; in every table of the tree. */
  async relearnColumn(table: TablePlan, column: ColumnPlan): Promise<void> {
    for (const known of this.#known.values()) {
      if (this.tableOf(known.id) !== table) continue;
      const live = await columnsOf(this.#client, known.oid);
      const found = live.find(({ name }) => name === column.name);
      if (found === undefined) known.attnums.delete(column.role);
      else known.attnums.set(column.role, found.attnum);
    }
  }

  /** Null for one that was never made, or that was dropped. */
  async present(id: string): Promise<Present | null> {
    const known = this.#known.get(id);
    if (known === undefined) return null;
    const name = await nameOf(this.#client, known.oid);
    if (name === null) return null;
    const live = await columnsOf(this.#client, known.oid);
    const columns = new Map<ColumnRole, LiveColumn>();
    for (const [role, attnum] of known.attnums) {
      const column = live.find((one) => one.attnum === attnum);
      if (column !== undefined) columns.set(role, column);
    }
    return { id, oid: known.oid, name, columns };
  }
}
