import type { BackfillRows, Candidate } from "../../../src/relay/backfill/backfill-rows.ts";
import type { RowsBesideSlot } from "../../../src/relay/capture/replication-stream.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { MODEL_TABLE_OID } from "./model-catalog.ts";
import type { ModelRow, ModelTransaction } from "./model-postgres.ts";
import { MODEL_COLUMNS, modelValues } from "./model-table.ts";
import { insertBytes, relationBytes } from "./pgoutput-bytes.ts";

const WINDOW_ROWS = 3;
/** By the server's clock, which is nobody else's. */
export const MODEL_SERVER_MS = 1_650_000_000_000;

/** Rows of a table in windows of three, one message at a time. */
export class ModelBackfillRows implements BackfillRows {
  readonly until: Lsn;
  readonly watermark: Watermark;
  readonly #rows: readonly ModelRow[];
  #from = 0;
  #to = 0;

  constructor(until: Lsn, rows: readonly ModelRow[]) {
    this.until = until;
    this.watermark = { snapshot: `1:${until}:`, lsn: until, atMs: MODEL_SERVER_MS };
    this.#rows = [...rows];
  }

  readonly notes = [];

  get candidates(): number {
    return this.#rows.length;
  }

  get tableRows(): number {
    return this.#rows.length;
  }

  next(candidate: (candidate: Candidate) => void): Promise<number> {
    this.#from = this.#to;
    this.#to = Math.min(this.#rows.length, this.#from + WINDOW_ROWS);
    for (const { id, route = "order" } of this.#rows.slice(this.#from, this.#to)) {
      candidate({ id, route, createdMs: 0, isNew: false });
    }
    return Promise.resolve(this.#to - this.#from);
  }

  async *rows(isWanted: (index: number) => boolean): AsyncIterable<readonly Uint8Array[]> {
    yield [relationBytes(MODEL_TABLE_OID, "public", "outbox", MODEL_COLUMNS)];
    for (const [index, row] of this.#rows.slice(this.#from, this.#to).entries()) {
      await Promise.resolve();
      if (!isWanted(index)) continue;
      const bytes = insertBytes(MODEL_TABLE_OID, modelValues(row));
      yield [bytes];
      bytes.fill(0xee);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Rows beside a slot that was made at `made`: those that it brings are none, unless they are doubtful. */
export function rowsBeside(
  made: Lsn,
  transactions: readonly ModelTransaction[],
  tableRows: readonly ModelRow[],
  doubtful: readonly string[],
): Omit<RowsBesideSlot, "readLsn"> {
  const since = transactions.filter(({ commitLsn }) => commitLsn >= made);
  const brought = new Set(since.flatMap(({ rows }) => rows.map(({ id }) => id)));
  const rows = tableRows.filter(({ id }) => doubtful.includes(id) || !brought.has(id));
  return {
    rows: new ModelBackfillRows(made, rows),
    serverStart: "1",
    doubtful: doubtful.length,
    doubtfulIds: (each) => Promise.resolve(doubtful.forEach((id) => each(id))),
  };
}
