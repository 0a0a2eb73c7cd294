import type { Lsn } from "../lsn.ts";

/** How many tables are remembered across sessions: every checkpoint holds them. */
const REMEMBERED_MAX = 64;

/**
 * Remembers which outbox tables have the headers column, so that it is not left out quietly once it is gone: by their rows,
 * or by a look at the catalog, which counts for what is committed later. Rows from before the column was added have none.
 */
export class HeaderMemory {
  readonly #isOff: boolean;
  readonly #seen = new Set<string>();
  readonly #since = new Map<string, Lsn>();

  /** `column`: its name; empty where headers are left out on purpose. */
  constructor(column: string) {
    this.#isOff = column === "";
  }

  /** What the checkpoint remembers. */
  recall(since: ReadonlyMap<string, Lsn>): void {
    if (this.#isOff) return;
    for (const [table, lsn] of since) this.#since.set(table, lsn);
  }

  /** Whether rows of the table must have the column in a transaction that was committed at `commitLsn`. */
  expects(table: string, commitLsn: Lsn): boolean {
    if (this.#seen.has(table)) return true;
    const since = this.#since.get(table);
    return since !== undefined && commitLsn > since;
  }

  /** A row came with the column. */
  came(table: string, commitLsn: Lsn): void {
    this.#seen.add(table);
    const since = this.#since.get(table);
    const isKnown = since === undefined ? this.#since.size >= REMEMBERED_MAX : since <= commitLsn;
    if (!isKnown) this.#since.set(table, commitLsn);
  }

  /** The catalog showed the column, before `lsn`. */
  there(table: string, lsn: Lsn): void {
    if (this.#isOff || this.#since.has(table) || this.#since.size >= REMEMBERED_MAX) return;
    this.#since.set(table, lsn);
  }

  /** From where on rows have the column, for each table: the first such transaction, or the first look. */
  get since(): ReadonlyMap<string, Lsn> {
    return this.#since;
  }
}
