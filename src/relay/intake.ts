import type { RowTally, StreamTally } from "./capture/stream-tally.ts";
import type { DecodedMessages, TransactionStart } from "./decode/pgoutput-decoder.ts";
import { PgoutputDecoder } from "./decode/pgoutput-decoder.ts";
import type { Relation } from "./decode/relation.ts";
import type { Tuple } from "./decode/tuple.ts";
import { invariant, RelayError } from "./errors.ts";
import { NativeFormat } from "./event/formats/native.ts";
import type { OutboxRecord } from "./event/outbox-record.ts";
import type { OutboxColumnNames, OutboxTable } from "./event/outbox-table.ts";
import { outboxTable } from "./event/outbox-table.ts";
import { RouteTopics } from "./event/route-topics.ts";
import { RowReader } from "./event/row-reader.ts";
import { TopicTemplate } from "./event/topic-template.ts";
import type { Lsn } from "./lsn.ts";
import { LSN_ZERO } from "./lsn.ts";
import type { Position } from "./position.ts";
import { covers } from "./position.ts";
import type { TimelineHistory } from "./timeline-history.ts";

export interface OutboxOptions {
  /** `schema.name` of each outbox table. */
  readonly tables: readonly string[];
  readonly columns: OutboxColumnNames;
  readonly topicTemplate: string;
}

export interface EndedTransaction {
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  /** Its outbox rows, those included that the checkpoint covers. */
  readonly rows: number;
  readonly coveredRows: number;
}

/** Where rows are counted. */
export interface IntakeCounts {
  readonly tally: StreamTally;
  /** Rows of transactions below it come from before the slot; null: there are none. */
  readonly backfillUntil: Lsn | null;
}

export interface IntakeTarget {
  begin(commitLsn: Lsn): void;
  record(record: OutboxRecord): void;
  commit(transaction: EndedTransaction): void;
}

/**
 * The way of a row from bytes to record: decode, event, and off to the target. Rows that the
 * checkpoint covers are counted and dropped.
 *
 * Errors: `message` throws RelayError (halt) for a row or message that cannot be published; the
 * intake is unusable from then on, so that nothing after that row can pass it.
 */
export class Intake implements DecodedMessages {
  readonly #options: OutboxOptions;
  readonly #target: IntakeTarget;
  readonly #counts: IntakeCounts;
  readonly #decoder = new PgoutputDecoder(this);
  readonly #reader: RowReader;
  readonly #format: NativeFormat;
  /** Null for a table that is no outbox. */
  readonly #tables = new WeakMap<Relation, OutboxTable | null>();
  #lastRelation: Relation | null = null;
  #lastTable: OutboxTable | null = null;
  #lastTally: RowTally = { wal: 0, backfill: 0 };
  #origin: keyof RowTally = "wal";
  readonly #nameByOid = new Map<number, string>();
  #position: Position | null = null;
  #transaction: TransactionStart | null = null;
  #isBehind = false;
  #rows = 0;
  #coveredRows = 0;
  #isBroken = false;

  constructor(
    options: OutboxOptions,
    timelines: TimelineHistory,
    target: IntakeTarget,
    counts: IntakeCounts,
  ) {
    this.#options = options;
    this.#target = target;
    this.#counts = counts;
    this.#reader = new RowReader(options.columns, timelines);
    this.#format = new NativeFormat(new RouteTopics(new TopicTemplate(options.topicTemplate)));
  }

  /** Whether the last message lies inside a transaction; keepalives there confirm nothing. */
  get isInTransaction(): boolean {
    return this.#transaction !== null;
  }

  /** From here on rows at or below `position` are dropped. */
  skipTo(position: Position): void {
    this.#position = position;
    this.#isBehind =
      this.#transaction !== null && this.#transaction.commitLsn <= position.commitLsn;
  }

  message(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    try {
      this.#decoder.decode(bytes);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  begin(transaction: TransactionStart): void {
    invariant(this.#transaction === null, "transactions come one after another");
    this.#transaction = transaction;
    this.#rows = 0;
    this.#coveredRows = 0;
    const { backfillUntil } = this.#counts;
    const isBackfill = backfillUntil !== null && transaction.commitLsn < backfillUntil;
    this.#origin = isBackfill ? "backfill" : "wal";
    this.#isBehind = transaction.commitLsn <= (this.#position?.commitLsn ?? LSN_ZERO);
    this.#reader.begin(transaction);
    this.#target.begin(transaction.commitLsn);
  }

  insert(relation: Relation, tuple: Tuple): void {
    invariant(this.#transaction !== null, "a row belongs to a transaction");
    const table = this.#table(relation);
    if (table === null) return;
    this.#rows += 1;
    this.#lastTally[this.#origin] += 1;
    if (this.#isBehind && this.#position !== null) {
      if (covers(this.#position, this.#transaction.commitLsn, this.#rows)) {
        this.#coveredRows += 1;
        return;
      }
    }
    this.#target.record(this.#format.record(this.#reader.read(table, tuple, this.#rows)));
  }

  commit(endLsn: Lsn): void {
    invariant(this.#transaction !== null, "a commit ends a transaction");
    const { commitLsn } = this.#transaction;
    this.#transaction = null;
    this.#target.commit({ commitLsn, endLsn, rows: this.#rows, coveredRows: this.#coveredRows });
  }

  #table(relation: Relation): OutboxTable | null {
    if (relation === this.#lastRelation) return this.#lastTable;
    const table = this.#tables.get(relation) ?? this.#read(relation);
    this.#lastRelation = relation;
    this.#lastTable = table;
    if (table !== null) this.#lastTally = this.#counts.tally.rows(`${table.schema}.${table.name}`);
    return table;
  }

  #read(relation: Relation): OutboxTable | null {
    const name = `${relation.schema}.${relation.name}`;
    const isOutbox = this.#options.tables.includes(name);
    const former = this.#nameByOid.get(relation.oid);
    if (!isOutbox && former !== undefined) throw renamed(former, name);
    if (isOutbox) this.#nameByOid.set(relation.oid, name);
    const table = isOutbox ? outboxTable(relation, this.#options.columns) : null;
    this.#tables.set(relation, table);
    return table;
  }
}

function renamed(former: string, name: string): RelayError {
  return new RelayError(
    `the outbox table ${former} was renamed to ${name} and is still published`,
    {
      code: "TABLE_RENAMED",
      remedy: "halt",
      hint: `Add ${name} to RELAY_TABLES and restart, or rename the table back; the slot keeps its rows.`,
    },
  );
}
