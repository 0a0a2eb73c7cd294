import type { CatalogAnswer } from "../capture/catalog-lookup.ts";
import { Feedback } from "../capture/feedback.ts";
import type {
  ReplicationSource,
  ReplicationStream,
  StreamHandlers,
} from "../capture/replication-stream.ts";
import type { Clock } from "../clock.ts";
import type { DecodedMessages, TransactionStart } from "../decode/pgoutput-decoder.ts";
import { PgoutputDecoder } from "../decode/pgoutput-decoder.ts";
import type { Relation } from "../decode/relation.ts";
import type { Tuple } from "../decode/tuple.ts";
import { RelayError } from "../errors.ts";
import { textOf } from "../event/ascii.ts";
import { isMoved } from "../event/moved-row.ts";
import type { OutboxColumnNames, OutboxTable } from "../event/outbox-table.ts";
import { outboxTable } from "../event/outbox-table.ts";
import { PoisonError } from "../event/poison.ts";
import { RowReader } from "../event/row-reader.ts";
import type { Lsn } from "../lsn.ts";
import { LSN_ZERO } from "../lsn.ts";
import { TimelineHistory } from "../timeline-history.ts";

const STATUS_INTERVAL_MS = 5_000;

export interface ScanOptions {
  /** The outbox tables and those below them, as they are now. */
  readonly tables: Pick<CatalogAnswer, "tree" | "stamped">;
  readonly columns: OutboxColumnNames;
  /** What is looked for. */
  readonly ids: ReadonlySet<string>;
  /** Up to here the slot is read. */
  readonly until: Lsn;
}

/** Reads what a slot holds, once and without confirming anything, and tells which of some rows it brings. */
export class SlotScan implements StreamHandlers, DecodedMessages {
  readonly #options: ScanOptions;
  readonly #decoder = new PgoutputDecoder(this);
  /** Positions are of no matter here. */
  readonly #reader: RowReader;
  readonly #tables = new WeakMap<Relation, OutboxTable>();
  readonly #found = new Set<string>();
  #stream: ReplicationStream | null = null;
  #feedback: Feedback | null = null;
  #transaction: TransactionStart | null = null;
  #xid = 0;
  #done: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;
  readonly #end: Promise<void>;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#reader = new RowReader(options.columns, new TimelineHistory(1, null));
    this.#end = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    this.#end.catch(() => undefined);
  }

  /** Rejects with RelayError: what ended the stream, or a row of the outbox tables that comes without its columns. */
  async run(
    source: ReplicationSource,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const stream = await source.open(this, signal);
    this.#stream = stream;
    const { walSenderTimeoutMs } = stream.identity;
    const third = walSenderTimeoutMs === 0 ? Infinity : walSenderTimeoutMs / 3;
    const intervalMs = Math.min(STATUS_INTERVAL_MS, third);
    this.#feedback = new Feedback(clock, intervalMs, () => this.#sendStatus());
    const stop = (): void => this.#failed(stopped());
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    stream.resume();
    try {
      await this.#end;
      return this.#found;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#feedback.stop();
      await stream.close();
    }
  }

  message(bytes: Uint8Array): void {
    try {
      this.#decoder.decode(bytes);
    } catch (error) {
      this.#failed(error);
    }
  }

  keepalive(walEnd: Lsn, replyRequested: boolean): void {
    this.#reached(walEnd);
    if (replyRequested) this.#feedback?.now();
  }

  readEnd(): void {
    // Nothing is kept between two reads.
  }

  closed(error: RelayError): void {
    this.#failed(error);
  }

  begin(transaction: TransactionStart): void {
    this.#transaction = transaction;
    this.#xid = transaction.xid;
    this.#reader.begin(transaction);
  }

  replicated(): void {
    this.#xid = 0;
  }

  insert(relation: Relation, tuple: Tuple): void {
    const { tree } = this.#options.tables;
    const leaf = tree.find(({ oid }) => oid === relation.oid);
    if (leaf === undefined) return;
    const table = this.#table(relation, leaf.outbox);
    // What is moved was inserted before, and the stream passes it over.
    if (table.stamp >= 0 && isMoved(tuple, table.stamp, this.#xid)) return;
    const id = this.#idOf(table, tuple);
    if (id !== null && this.#options.ids.has(id)) this.#found.add(id);
  }

  commit(endLsn: Lsn): void {
    this.#transaction = null;
    this.#reached(endLsn);
  }

  #table(relation: Relation, outbox: string): OutboxTable {
    const known = this.#tables.get(relation);
    if (known !== undefined) return known;
    const isStamped = this.#options.tables.stamped.includes(outbox);
    const table = outboxTable(relation, this.#options.columns, isStamped);
    this.#tables.set(relation, table);
    return table;
  }

  /** Null for a row that cannot be published: the stream halts at it. */
  #idOf(table: OutboxTable, tuple: Tuple): string | null {
    try {
      return textOf(this.#reader.id(table, tuple).view());
    } catch (error) {
      if (error instanceof PoisonError) return null;
      throw error;
    }
  }

  #reached(at: Lsn): void {
    if (this.#transaction === null && at >= this.#options.until) this.#done();
  }

  /** Without a position: the server then tells by keepalives how far it has read, also where it has nothing to send. */
  #sendStatus(): void {
    this.#stream?.sendStatus({ received: LSN_ZERO, confirmed: LSN_ZERO });
  }
}

function stopped(): RelayError {
  return new RelayError("reading the slot was given up", {
    code: "ABORTED",
    remedy: "retry",
    hint: "Nothing to do: the relay is stopping.",
  });
}
