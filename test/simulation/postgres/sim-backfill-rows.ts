import type { BackfillRows, Candidate } from "../../../src/relay/backfill/backfill-rows.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import { MODEL_COLUMNS } from "../../support/model/model-table.ts";
import { insertBytes, relationBytes } from "../../support/model/pgoutput-bytes.ts";
import { unreachable } from "./sim-errors.ts";
import type { SimRow } from "./sim-wal.ts";
import { SimSnapshot } from "./sim-xids.ts";

const WINDOW_ROWS = 40;
const ROWS_AT_ONCE_MAX = 7;
/** Of candidates whose `txid` was written by hand, or whose `created_at` is no time: nobody knows how old they are. */
const UNTOLD_EVERY = 97n;

/** Asks the server, which may be away, and takes its time. */
export type AskServer = <T>(answer: () => T) => Promise<T>;

/**
 * The table under a snapshot, as the queries of the adapter see it: rows whose transaction is not below the watermark's
 * oldest running one, in the order of writing. A session that the server has ended answers nothing any more.
 */
export class SimBackfillRows implements BackfillRows {
  readonly until: Lsn;
  readonly watermark: Watermark;
  readonly notes = [];
  readonly tableRows: number;
  readonly #rows: readonly SimRow[];
  readonly #since: SimSnapshot | null;
  readonly #ask: AskServer;
  readonly #isLive: () => boolean;
  #from = 0;
  #to = 0;
  #isClosed = false;

  constructor(
    rows: readonly SimRow[],
    since: Watermark | null,
    now: Watermark,
    session: { readonly ask: AskServer; readonly isLive: () => boolean },
  ) {
    this.until = now.lsn;
    this.watermark = now;
    this.tableRows = rows.length;
    this.#since = since === null ? null : new SimSnapshot(since.snapshot);
    const oldestRunning = this.#since?.xmin ?? 0n;
    this.#rows = rows
      .filter(({ xid }) => xid >= oldestRunning)
      .toSorted((a, b) => a.written - b.written);
    this.#ask = session.ask;
    this.#isLive = session.isLive;
  }

  get candidates(): number {
    return this.#rows.length;
  }

  async next(candidate: (candidate: Candidate) => void): Promise<number> {
    await this.#query();
    this.#from = this.#to;
    this.#to = Math.min(this.#rows.length, this.#from + WINDOW_ROWS);
    for (const row of this.#rows.slice(this.#from, this.#to)) candidate(this.#candidate(row));
    return this.#to - this.#from;
  }

  async *rows(
    isWanted: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncIterable<readonly Uint8Array[]> {
    const wanted = this.#rows.slice(this.#from, this.#to).filter((_, index) => isWanted(index));
    for (let at = 0; at < wanted.length && !signal.aborted; at += ROWS_AT_ONCE_MAX) {
      await this.#query();
      const messages = wanted.slice(at, at + ROWS_AT_ONCE_MAX).map(insertOf);
      const relation = relationBytes(MODEL_TABLE_OID, "public", "outbox", MODEL_COLUMNS);
      yield at === 0 ? [relation, ...messages] : messages;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #candidate({ id, route, xid, createdMs }: SimRow): Candidate {
    const isTold = xid % UNTOLD_EVERY !== 0n;
    const isNew = isTold && this.#since !== null && !this.#since.shows(xid);
    return { id, route, isNew, createdMs: isTold ? createdMs : null };
  }

  async #query(): Promise<void> {
    await this.#ask(() => {
      if (this.#isClosed || !this.#isLive()) throw unreachable();
    });
  }
}

function insertOf({ id, route, key, payload }: SimRow): Uint8Array {
  return insertBytes(MODEL_TABLE_OID, [id, route, key, "placed", payload]);
}
