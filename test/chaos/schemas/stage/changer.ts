import pg from "pg";
import { isBytes } from "../plan/column-types.ts";
import type { MoveStep, PublicationStep, RelationStep, RetypeStep } from "../plan/step.ts";
import type { TablePlan, WorldPlan } from "../plan/world-plan.ts";
import { addHeaders, columnChange, converted, renameBack, sqlName, touch } from "./change-sql.ts";
import type { WorldNames } from "./create-schema.ts";
import { parentOf, qualified, relationStatements } from "./create-schema.ts";
import type { Journal } from "./journal.ts";
import { PUBLICATION_CHANGES } from "./publication-changes.ts";
import type { Present, Relations } from "./relations.ts";

export interface ChangerParts {
  readonly client: pg.Client;
  readonly plan: WorldPlan;
  readonly names: WorldNames;
  readonly relations: Relations;
  readonly journal: Journal;
}

type Change = (on: Present, table: TablePlan) => readonly string[] | Promise<readonly string[]>;

/** Changes schema and publication. A change that has no object any more does nothing; what Postgres refuses is thrown. */
export class Changer {
  readonly #parts: ChangerParts;

  constructor(parts: ChangerParts) {
    this.#parts = parts;
  }

  async relation(step: RelationStep): Promise<boolean> {
    if (step.do === "create") return this.#create(step.on);
    const { relations } = this.#parts;
    const present = await relations.present(step.on);
    if (present === null) return false;
    const table = relations.tableOf(step.on);
    const statements = await this.#changes()[step.do](present, table);
    if (statements.length === 0) return false;
    await this.#run(statements);
    if (step.do === "logged") this.#parts.journal.loggedAgain(present.name);
    if (step.do === "swap") await relations.learn(twinOf(step.on), qualified(table));
    if (step.do === "add-headers" || step.do === "drop-headers") await this.#relearn(table);
    return true;
  }

  async retype({ on, role, to }: RetypeStep): Promise<boolean> {
    const present = await this.#parts.relations.present(on);
    const column = present?.columns.get(role);
    if (present === null || column === undefined) return false;
    const from = column.base;
    // A cast would change the value's text, and with it the event.
    const isOther = from === "character" || (role !== "payload" && (isBytes(from) || isBytes(to)));
    if (isOther || column.type === to) return false;
    const name = pg.escapeIdentifier(column.name);
    await this.#run([
      `alter table ${present.name} alter column ${name} type ${to} using ${converted(name, from, to)}`,
    ]);
    return true;
  }

  async move({ on, from, to, how }: MoveStep): Promise<boolean> {
    const present = await this.#parts.relations.present(on);
    const region = present?.columns.get("region");
    const isPartitioned = this.#parts.relations.tableOf(on).splitBy !== "";
    if (present === null || region === undefined || !isPartitioned) return false;
    const name = pg.escapeIdentifier(region.name);
    if (how === "update") {
      await this.#run([`update ${present.name} set ${name} = '${to}' where ${name} = '${from}'`]);
      return true;
    }
    const { rows } = await this.#parts.client.query<{ columns: string; values: string }>(
      `select string_agg(quote_ident(attname), ', ' order by attnum) as columns,
              string_agg(case when attname = $2 then $3 else quote_ident(attname) end, ', ' order by attnum) as values
         from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped and attgenerated = '' and attidentity <> 'a'`,
      [present.oid, region.name, pg.escapeLiteral(to)],
    );
    const [lists] = rows;
    await this.#run([
      `with gone as (delete from ${present.name} where ${name} = '${from}' returning *) ` +
        `insert into ${present.name} (${lists?.columns ?? ""}) select ${lists?.values ?? ""} from gone`,
    ]);
    return true;
  }

  async publication({ change }: PublicationStep): Promise<boolean> {
    const { plan, names } = this.#parts;
    const name = pg.escapeIdentifier(names.publication);
    const exists = await this.hasPublication();
    if (change === "create" ? exists : !exists) return false;
    await this.#run(PUBLICATION_CHANGES[change](name, plan, names));
    return true;
  }

  async hasPublication(): Promise<boolean> {
    const { rows } = await this.#parts.client.query(
      "select from pg_publication where pubname = $1",
      [this.#parts.names.publication],
    );
    return rows.length > 0;
  }

  async #create(id: string): Promise<boolean> {
    const { relations } = this.#parts;
    const relation = relations.relationOf(id);
    const table = relations.tableOf(id);
    if (relation === null || (await relations.present(id)) !== null) return false;
    if ((await relations.present(relation.parent)) === null) return false;
    await this.#run(relationStatements(table, relation));
    await relations.learn(id, qualified(relation));
    return true;
  }

  async #relearn(table: TablePlan): Promise<void> {
    const column = table.columns.find(({ role }) => role === "headers");
    if (column !== undefined) await this.#parts.relations.relearnColumn(table, column);
  }

  /** As one transaction, so that a change that Postgres refuses leaves nothing behind. */
  async #run(statements: readonly string[]): Promise<void> {
    const { client, journal } = this.#parts;
    for (const statement of statements) journal.note(statement);
    if (statements.length === 1) {
      await client.query(statements[0] ?? "");
      return;
    }
    await client.query("begin");
    try {
      for (const statement of statements) await client.query(statement);
      await client.query("commit");
    } catch (error) {
      await client.query("rollback");
      throw error;
    }
  }

  #changes(): Readonly<Record<Exclude<RelationStep["do"], "create">, Change>> {
    const { plan, names } = this.#parts;
    const publication = pg.escapeIdentifier(names.publication);
    const planned = (on: Present): { readonly schema: string; readonly name: string } =>
      this.#parts.relations.relationOf(on.id) ?? this.#parts.relations.tableOf(on.id);
    const isAway = (on: Present): boolean => on.name !== sqlName(planned(on));
    return {
      rename: (on) => (isAway(on) ? [] : [`alter table ${on.name} rename to "somewhere ${on.id}"`]),
      "rename-back": (on) =>
        on.name.includes("somewhere")
          ? [`alter table ${on.name} rename to ${pg.escapeIdentifier(planned(on).name)}`]
          : [],
      "set-schema": (on) => (isAway(on) ? [] : [`alter table ${on.name} set schema away`]),
      "set-schema-back": (on) =>
        on.name.startsWith("away.")
          ? [`alter table ${on.name} set schema ${planned(on).schema}`]
          : [],
      swap: (on, table) => (isAway(on) ? [] : this.#swap(on, table)),
      "swap-back": (on, table) => this.#swapBack(on, table),
      detach: (on, table) => this.#detach(on, table),
      attach: (on, table) => this.#attach(on, table),
      drop: (on, table) => (on.id === table.id ? [] : [`drop table ${on.name} cascade`]),
      unlogged: (on) => [`alter table ${on.name} set unlogged`],
      logged: (on) => [`alter table ${on.name} set logged`],
      delete: (on) => [
        `delete from ${on.name} where ctid in (select ctid from ${on.name} limit 2)`,
      ],
      truncate: (on) => [`truncate ${on.name}`],
      touch: (on) => touch(on),
      analyze: (on) => [`analyze ${on.name}`],
      "vacuum-full": (on) => [`vacuum full ${on.name}`],
      reindex: (on) => [`reindex table ${on.name}`],
      owner: (on) => [`alter table ${on.name} owner to ${names.ownerRole}`],
      grant: (on) => [`grant insert, select on ${on.name} to public`],
      "row-security": (on) => [`alter table ${on.name} enable row level security`],
      "drop-headers": (on) => columnChange(on, "headers", (name) => `drop column ${name}`),
      "add-headers": (on, table) => addHeaders(on, table),
      "rename-headers": (on) =>
        columnChange(on, "headers", (name) => `rename column ${name} to meta2`),
      "rename-key": (on) => columnChange(on, "key", (name) => `rename column ${name} to other_key`),
      "rename-columns-back": (on, table) => renameBack(on, table),
      "add-column": (on) => [
        `alter table ${on.name} add column if not exists "hinzugefügt" text default 'x'`,
      ],
      "drop-column": (on) => [`alter table ${on.name} drop column if exists "hinzugefügt"`],
      publish: async (on) =>
        plan.publication.form !== "tables" || (await this.#isMember(on))
          ? []
          : [`alter publication ${publication} add table ${on.name}`],
      unpublish: (on) =>
        plan.publication.form === "tables"
          ? [`alter publication ${publication} drop table ${on.name}`]
          : [],
    };
  }

  async #isMember({ oid }: Present): Promise<boolean> {
    const { rows } = await this.#parts.client.query(
      "select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = $1 and r.prrelid = $2",
      [this.#parts.names.publication, oid],
    );
    return rows.length > 0;
  }

  /** Another table takes the name, as a migration does that rebuilds a table; in one transaction. */
  #swap(on: Present, table: TablePlan): readonly string[] {
    const away = { schema: table.schema, name: `${table.name} away` };
    const twin = { schema: table.schema, name: `${table.name} twin` };
    return [
      `create table if not exists ${qualified(twin)} (like ${on.name} including all)`,
      `grant select on ${qualified(twin)} to ${this.#parts.names.relayRole}`,
      `alter table ${on.name} rename to ${pg.escapeIdentifier(away.name)}`,
      `alter table ${qualified(twin)} rename to ${pg.escapeIdentifier(table.name)}`,
    ];
  }

  #swapBack(on: Present, table: TablePlan): readonly string[] {
    if (!on.name.endsWith(` away"`)) return [];
    return [
      `alter table ${qualified(table)} rename to ${pg.escapeIdentifier(`${table.name} twin`)}`,
      `alter table ${on.name} rename to ${pg.escapeIdentifier(table.name)}`,
    ];
  }

  async #detach(on: Present, table: TablePlan): Promise<readonly string[]> {
    const parent = await this.#parentName(on, table);
    if (parent === null) return [];
    const isChild = this.#parts.relations.relationOf(on.id)?.kind === "child";
    return [
      isChild
        ? `alter table ${on.name} no inherit ${parent}`
        : `alter table ${parent} detach partition ${on.name}`,
    ];
  }

  async #attach(on: Present, table: TablePlan): Promise<readonly string[]> {
    const relation = this.#parts.relations.relationOf(on.id);
    const parent = await this.#parentName(on, table);
    if (parent === null || relation === null) return [];
    return [
      relation.kind === "child"
        ? `alter table ${on.name} inherit ${parent}`
        : `alter table ${parent} attach partition ${on.name} ${relation.bound}`,
    ];
  }

  async #parentName(on: Present, table: TablePlan): Promise<string | null> {
    const { relations } = this.#parts;
    const relation = relations.relationOf(on.id);
    if (relation === null) return null;
    const parent = await relations.present(relation.parent);
    return parent?.name ?? qualified(parentOf(table, relation));
  }
}

/** How steps name the table that takes the place of another. */
export function twinOf(table: string): string {
  return `${table}.twin`;
}
