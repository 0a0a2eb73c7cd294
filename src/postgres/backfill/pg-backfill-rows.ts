import type { Client, QueryResultRow } from "pg";
import type { BackfillRows, Candidate } from "../../relay/backfill/backfill-rows.ts";
import { RelayError } from "../../relay/errors.ts";
import type { Lsn } from "../../relay/lsn.ts";
import type { Watermark } from "../../relay/watermark.ts";
import { wireOf } from "../capture-link.ts";
import type { ErrorContext } from "../postgres-error.ts";
import { postgresError } from "../postgres-error.ts";
import type { TableName } from "../table-name.ts";
import { quotedTableName, sqlTableName } from "../table-name.ts";
import type { BackfillTable } from "./backfill-table.ts";
import { CURSOR, DOUBTFUL_CURSOR } from "./candidate-query.ts";
import { outputText } from "./output-text.ts";
import { insertMessage, relationMessage } from "./row-messages.ts";
import { Window } from "./window.ts";

const NAMES_AT_ONCE_ROWS = 2_000;
const ROWS_AT_ONCE_MAX = 1_000;
const FIRST_ROWS = 20;
/** About so much is read at once, as long as rows are of much the same size. */
const READ_BYTES = 512 * 1024;

interface CandidateRow {
  readonly source: number;
  readonly leaf: string;
  readonly place: string;
  readonly id: string;
  readonly route: string | null;
  readonly created: number | null;
  readonly isNew: boolean;
}

interface LeafRow extends TableName {
  readonly isOpen: boolean;
}

const LEAF = `
  select n.nspname::text as schema, c.relname::text as name,
         has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
           and not row_security_active(c.oid) as "isOpen"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`;

export interface BackfillSnapshot {
  /** In a transaction with the snapshot, and the cursor open. */
  readonly client: Client;
  readonly tables: readonly BackfillTable[];
  readonly until: Lsn;
  readonly watermark: Watermark;
  readonly candidates: number;
  readonly tableRows: number;
  readonly notes: readonly string[];
  readonly context: ErrorContext;
}

/** The candidates' names by a cursor, their rows by their places: what is sorted is small however big the payloads are. */
export class PgBackfillRows implements BackfillRows {
  readonly #snapshot: BackfillSnapshot;
  readonly #window: Window;
  readonly #leaves = new Map<number, string>();
  #rowsAtOnce = FIRST_ROWS;
  #isClosed = false;

  constructor(snapshot: BackfillSnapshot) {
    this.#snapshot = snapshot;
    this.#window = new Window(snapshot.candidates);
  }

  get until(): Lsn {
    return this.#snapshot.until;
  }

  get watermark(): Watermark {
    return this.#snapshot.watermark;
  }

  get candidates(): number {
    return this.#snapshot.candidates;
  }

  get tableRows(): number {
    return this.#snapshot.tableRows;
  }

  get notes(): readonly string[] {
    return this.#snapshot.notes;
  }

  async next(candidate: (candidate: Candidate) => void, signal: AbortSignal): Promise<number> {
    const window = this.#window;
    window.clear();
    while (window.size < window.capacity && !signal.aborted) {
      const count = Math.min(NAMES_AT_ONCE_ROWS, window.capacity - window.size);
      const rows = await this.#query<CandidateRow>(`fetch ${count} from ${CURSOR}`, []);
      for (const { source, leaf, place, id, route, created, isNew } of rows) {
        window.add(source, Number(leaf), place);
        candidate({ id, route, createdMs: created, isNew });
      }
      if (rows.length < count) break;
    }
    return window.size;
  }

  /** What a query of the column `id` answers, beside the windows. */
  async ids(query: string, each: (id: string) => void, signal: AbortSignal): Promise<void> {
    await this.#query(`declare ${DOUBTFUL_CURSOR} no scroll cursor for ${query}`, []);
    while (!signal.aborted) {
      const rows = await this.#query<{ id: string }>(
        `fetch ${NAMES_AT_ONCE_ROWS} from ${DOUBTFUL_CURSOR}`,
        [],
      );
      for (const { id } of rows) each(id);
      if (rows.length < NAMES_AT_ONCE_ROWS) break;
    }
    if (!signal.aborted) await this.#query(`close ${DOUBTFUL_CURSOR}`, []);
  }

  async *rows(
    isWanted: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncIterable<readonly Uint8Array[]> {
    let source: number | null = null;
    for (let at = 0; at < this.#window.size && !signal.aborted; ) {
      const indexes: number[] = [];
      for (; at < this.#window.size && indexes.length < this.#rowsAtOnce; at++) {
        if (isWanted(at) && this.#isSameLeaf(indexes[0] ?? at, at)) indexes.push(at);
        else if (isWanted(at)) break;
      }
      if (indexes.length === 0) continue;
      const [first = 0] = indexes;
      const messages = await this.#read(indexes);
      const isOtherTable = this.#window.source(first) !== source;
      source = this.#window.source(first);
      yield isOtherTable ? [relationMessage(this.#table(source)), ...messages] : messages;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    wireOf(this.#snapshot.client).stream.destroy();
    await Promise.resolve();
  }

  #isSameLeaf(a: number, b: number): boolean {
    return this.#window.leaf(a) === this.#window.leaf(b);
  }

  #table(source: number): BackfillTable {
    return this.#snapshot.tables[source] as BackfillTable;
  }

  /** Rows of one leaf, in the order of `indexes`. */
  async #read(indexes: readonly number[]): Promise<Uint8Array[]> {
    const [first = 0] = indexes;
    const table = this.#table(this.#window.source(first));
    const values = table.columns.map(({ name }, i) => `${outputText(name)} as v${i}`);
    const places = indexes.map((index) => this.#window.place(index));
    const rows = await this.#query<Record<string, string | null>>(
      `select ctid::text as place, ${values.join(", ")} from ${await this.#leaf(first)} and ctid = any($1::tid[])`,
      [places],
      sqlTableName(table),
    );
    const byPlace = new Map(rows.map((row) => [row["place"], row]));
    const messages = places.map((place) => {
      const row = byPlace.get(place);
      if (row === undefined) throw new Error(`the row at ${place} is not in the snapshot any more`);
      return insertMessage(
        table.oid,
        table.columns.map((_, i) => row[`v${i}`] ?? null),
      );
    });
    this.#adapt(messages);
    return messages;
  }

  #adapt(messages: readonly Uint8Array[]): void {
    const bytes = messages.reduce((sum, message) => sum + message.length, 0);
    const fitting = Math.floor((READ_BYTES * messages.length) / Math.max(1, bytes));
    this.#rowsAtOnce = Math.max(1, Math.min(ROWS_AT_ONCE_MAX, this.#rowsAtOnce * 2, fitting));
  }

  /**
   * What follows FROM for rows of one leaf. By its own name, so that the others are not looked at; through its root where
   * the role may not read it by itself: rights and policies of a partition do not apply there.
   */
  async #leaf(index: number): Promise<string> {
    const leaf = this.#window.leaf(index);
    const known = this.#leaves.get(leaf);
    if (known !== undefined) return known;
    const [row] = await this.#query<LeafRow>(LEAF, [leaf]);
    const root = this.#table(this.#window.source(index));
    const isOpen = row?.isOpen === true;
    const from = isOpen
      ? `only ${quotedTableName(row)} where true`
      : `${quotedTableName(root)} where tableoid = ${leaf}`;
    this.#leaves.set(leaf, from);
    return from;
  }

  /** `table`: whose rows it reads, for an error about what they hold. */
  async #query<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    table?: string,
  ): Promise<R[]> {
    if (this.#isClosed) throw closedError();
    try {
      return (await this.#snapshot.client.query<R>(text, [...values])).rows;
    } catch (error) {
      throw postgresError(error, "query", { ...this.#snapshot.context, table });
    }
  }
}

function closedError(): RelayError {
  return new RelayError("reading the outbox was given up", {
    code: "ABORTED",
    remedy: "retry",
    hint: "Nothing to do: the relay is stopping.",
  });
}
