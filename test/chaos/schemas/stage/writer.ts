import pg from "pg";
import type { RowContent, WrittenRow } from "../check/history.ts";
import { isBytes } from "../plan/column-types.ts";
import { rowValue } from "../plan/row-values.ts";
import type { InsertStep, TogetherStep } from "../plan/step.ts";
import type { ColumnRole } from "../plan/world-plan.ts";
import type { LiveColumn, Outbox } from "./catalog.ts";
import { classify } from "./catalog.ts";
import { insertStatements } from "./insert-sql.ts";
import type { Journal } from "./journal.ts";
import type { Present, Relations } from "./relations.ts";

export interface WriterParts {
  readonly relations: Relations;
  readonly journal: Journal;
  readonly topicPrefix: string;
  readonly outbox: () => Outbox;
  /** Unique among the servers' prepared transactions. */
  readonly preparedName: string;
}

type Drafted = Omit<WrittenRow, "step" | "decisions">;

/** Inserts rows, and keeps what a superuser reads of them in the transaction that wrote them. */
export class Writer {
  readonly #parts: WriterParts;
  #next = 1;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** False when the table is not there. Throws what Postgres refuses, with nothing written. */
  async insert(client: pg.Client, step: InsertStep): Promise<boolean> {
    const into = await this.#parts.relations.present(step.into);
    if (into === null) return false;
    await client.query("begin");
    try {
      const rows = await this.#write(client, step, into);
      await this.#end(client, step, rows);
      return true;
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
  }

  /** Two transactions that overlap; each is written before either commits. */
  async together(
    client: pg.Client,
    other: pg.Client,
    { first, second, commitsFirst }: TogetherStep,
  ): Promise<boolean> {
    const { relations } = this.#parts;
    const [one, two] = [await relations.present(first.into), await relations.present(second.into)];
    if (one === null || two === null) return false;
    await client.query("begin");
    await other.query("begin");
    try {
      const rows = await this.#write(client, first, one);
      const others = await this.#write(other, second, two);
      if (commitsFirst === "second") await this.#commit(other, others);
      await this.#commit(client, rows);
      if (commitsFirst === "first") await this.#commit(other, others);
      return true;
    } finally {
      await client.query("rollback").catch(() => undefined);
      await other.query("rollback").catch(() => undefined);
    }
  }

  async #write(client: pg.Client, step: InsertStep, into: Present): Promise<Drafted[]> {
    if (step.end === "savepoint") {
      await client.query("savepoint a");
      const undone = this.#numbers(step.rows);
      await this.#insert(client, { ...step, how: "one-statement" }, into, undone);
      await this.#remember(await this.#read(client, into, undone));
      await client.query("rollback to savepoint a");
    }
    const numbers = this.#numbers(step.rows);
    await this.#insert(client, step, into, numbers);
    return this.#read(client, into, numbers);
  }

  async #insert(
    client: pg.Client,
    step: InsertStep,
    into: Present,
    numbers: readonly number[],
  ): Promise<void> {
    for (const statement of insertStatements(step, into, numbers)) {
      this.#parts.journal.note(statement);
      await client.query(statement);
    }
  }

  #numbers(count: number): number[] {
    const numbers = Array.from({ length: count }, (_, i) => this.#next + i);
    this.#next += count;
    return numbers;
  }

  async #end(client: pg.Client, { end }: InsertStep, rows: readonly Drafted[]): Promise<void> {
    switch (end) {
      case "commit":
      case "savepoint":
        return this.#commit(client, rows);
      case "rollback":
        await client.query("rollback");
        return this.#remember(rows);
      case "prepared":
      case "prepared-rollback": {
        const name = pg.escapeLiteral(this.#parts.preparedName);
        await client.query(`prepare transaction ${name}`);
        const isKept = end === "prepared";
        await client.query(`${isKept ? "commit" : "rollback"} prepared ${name}`);
        return isKept ? this.#keep(rows) : this.#remember(rows);
      }
    }
  }

  async #commit(client: pg.Client, rows: readonly Drafted[]): Promise<void> {
    await client.query("commit");
    this.#keep(rows);
  }

  #keep(rows: readonly Drafted[]): void {
    const { journal } = this.#parts;
    const decisions = journal.decisions.length;
    for (const row of rows) journal.rows.push({ ...row, step: journal.step, decisions });
    for (const where of new Set(rows.map((row) => `${row.class}: ${row.where}`))) {
      journal.note(`-> ${where}`);
    }
  }

  #remember(rows: readonly Drafted[]): Promise<void> {
    this.#parts.journal.undone.push(...rows.map(({ id }) => id));
    return Promise.resolve();
  }

  /** As its type's output function writes a value, which is what the stream has as well; a cast to text strips padding. */
  async #read(client: pg.Client, into: Present, numbers: readonly number[]): Promise<Drafted[]> {
    const id = columnOf(into, "id");
    const ids = numbers.map((n) =>
      pg.escapeLiteral(rowValue({ role: "id", base: id.base }, n) ?? ""),
    );
    const roles = READ_ROLES.filter((role) => into.columns.has(role));
    const values = roles.map((role) => {
      const name = pg.escapeIdentifier(columnOf(into, role).name);
      return `case when ${name} is not null then format('%s', ${name}) end as "${role}"`;
    });
    const { rows } = await client.query<Record<string, string | null> & { leaf: number }>(
      `select tableoid::bigint::int as leaf, ${values.join(", ")} from ${into.name} where ${pg.escapeIdentifier(id.name)} in (${ids.join(", ")})`,
    );
    const standing = new Map<number, Awaited<ReturnType<typeof classify>>>();
    for (const { leaf } of rows) {
      if (!standing.has(leaf)) {
        standing.set(leaf, await classify(client, leaf, this.#parts.outbox()));
      }
    }
    const planned = this.#parts.relations.tableOf(into.id).columns;
    const headers = into.columns.get("headers");
    const areHeadersAway =
      headers !== undefined && !planned.some(({ name }) => name === headers.name);
    return rows.map((row) => {
      const { class: kind, where } = standing.get(row.leaf) ?? { class: "other", where: "" };
      const content = contentOf(row, into, this.#parts.topicPrefix);
      const hasTxid = typeof row["txid"] === "string";
      const table = into.id.split(".")[0] ?? into.id;
      return { id: row["id"] ?? "", class: kind, where, content, table, areHeadersAway, hasTxid };
    });
  }
}

const READ_ROLES = ["id", "route", "key", "type", "payload", "headers", "txid"] as const;

function columnOf(into: Present, role: ColumnRole): LiveColumn {
  const column = into.columns.get(role);
  if (column === undefined) throw new Error(`${into.name} has no column for ${role}`);
  return column;
}

function contentOf(
  row: Readonly<Record<string, string | null | number>>,
  into: Present,
  topicPrefix: string,
): RowContent {
  const text = (role: string): string => String(row[role] ?? "");
  const key = bytesOf(text("key"), columnOf(into, "key"));
  const payload = row["payload"];
  const headers = JSON.parse(text("headers") || "{}") as Record<string, string>;
  return {
    topic: topicPrefix + text("route"),
    key: key.toString(),
    type: text("type"),
    value: typeof payload === "string" ? bytesOf(payload, columnOf(into, "payload")) : null,
    headers: Object.entries(headers),
  };
}

function bytesOf(text: string, { base }: LiveColumn): Buffer {
  return isBytes(base) ? Buffer.from(text.slice(2), "hex") : Buffer.from(text);
}
