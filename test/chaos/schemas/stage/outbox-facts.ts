import type pg from "pg";
import type { WorldPlan } from "../plan/world-plan.ts";
import type { Outbox } from "./catalog.ts";
import { nameOf, oidOf } from "./catalog.ts";
import { qualified } from "./create-schema.ts";

export interface OutboxNames {
  readonly slot: string;
  readonly publication: string;
}

/** Which tables are the outbox at the moment, and what they hold. */
export class OutboxFacts {
  readonly #client: pg.Client;
  readonly #plan: WorldPlan;
  readonly #names: OutboxNames;
  #oids: readonly number[] = [];
  #hasBegun = false;

  constructor(client: pg.Client, plan: WorldPlan, names: OutboxNames) {
    this.#client = client;
    this.#plan = plan;
    this.#names = names;
  }

  get outbox(): Outbox {
    return {
      ...this.#names,
      oids: this.#oids,
      names: this.#plan.tables.map(({ schema, name }) => `${schema}.${name}`),
      hasSchemas: this.#plan.major >= 15,
      isBeforeAll: !this.#hasBegun && this.#plan.snapshot === "never",
    };
  }

  /** Whether there ever was a slot. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** What RELAY_TABLES names now is the outbox from now on. */
  async learn(): Promise<void> {
    const oids: number[] = [];
    for (const table of this.#plan.tables) {
      const oid = await oidOf(this.#client, qualified(table));
      if (oid !== null) oids.push(oid);
    }
    this.#oids = oids;
  }

  async noticeSlot(): Promise<void> {
    if (this.#hasBegun) return;
    const { rows } = await this.#client.query(
      "select from pg_replication_slots where slot_name = $1",
      [this.#names.slot],
    );
    this.#hasBegun = rows.length > 0;
  }

  /** Ids of the rows that the tables hold, as a superuser sees them. */
  async held(): Promise<ReadonlySet<string>> {
    const held = new Set<string>();
    for (const table of this.#plan.tables) {
      const oid = await oidOf(this.#client, qualified(table));
      const name = oid === null ? null : await nameOf(this.#client, oid);
      const id = table.columns.find(({ role }) => role === "id")?.name ?? "id";
      if (name === null) continue;
      const { rows } = await this.#client.query<{ id: string }>(
        `select format('%s', "${id}") as id from ${name}`,
      );
      for (const row of rows) held.add(row.id);
    }
    return held;
  }
}
