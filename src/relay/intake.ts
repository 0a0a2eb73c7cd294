import type { PassedTally, RowTally, StreamTally } from "./capture/stream-tally.ts";
import type { DecodedMessages, TransactionStart } from "./decode/pgoutput-decoder.ts";
import { PgoutputDecoder } from "./decode/pgoutput-decoder.ts";
import type { Relation } from "./decode/relation.ts";
import type { Tuple } from "./decode/tuple.ts";
import { invariant } from "./errors.ts";
import { textOf } from "./event/ascii.ts";
import { NativeFormat } from "./event/formats/native.ts";
import { isMoved } from "./event/moved-row.ts";
import type { OutboxRecord } from "./event/outbox-record.ts";
import type { OutboxColumnNames, OutboxTable } from "./event/outbox-table.ts";
import { outboxTable } from "./event/outbox-table.ts";
import { RouteTopics } from "./event/route-topics.ts";
import { RowReader } from "./event/row-reader.ts";
import { TopicTemplate } from "./event/topic-template.ts";
import { shown } from "./inert-text.ts";
import type { Lsn } from "./lsn.ts";
import { LSN_ZERO, lsn } from "./lsn.ts";
import type { MovedRows } from "./observer.ts";
import type { OutboxRelations } from "./outbox-relations.ts";
import type { Position } from "./position.ts";
import { covers } from "./position.ts";
import type { Progress } from "./progress.ts";
import { tableReplaced, tableUnknown } from "./table-unknown.ts";
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
  /** Null: none of its rows was moved between partitions. */
  readonly moved: MovedRows | null;
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

/** A relation that the catalog has to be asked for, and the transaction in which its rows come. */
export interface RowQuestion {
  readonly oid: number;
  readonly transaction: TransactionStart;
}

/** Where the rows of one version of a table go. */
interface Place {
  /** Null: they are passed over. */
  readonly table: OutboxTable | null;
  readonly tally: RowTally;
  /** Null: not counted as passed over. */
  readonly passed: PassedTally | null;
  readonly isCounted: boolean;
  /** Holds for transactions committed below; null: for all that come. */
  readonly until: Lsn | null;
}

const NOWHERE: Place = {
  table: null,
  tally: { wal: 0, backfill: 0 },
  passed: null,
  isCounted: false,
  until: null,
};

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
  readonly #relations: OutboxRelations;
  /** What became of the rows of each version of a table so far. */
  readonly #places = new WeakMap<Relation, Place>();
  #lastRelation: Relation | null = null;
  #lastPlace: Place = NOWHERE;
  #question: RowQuestion | null = null;
  #origin: keyof RowTally = "wal";
  #position: Omit<Position, "timeline"> | null = null;
  /** Transactions that were committed below are covered as a whole. */
  #doneBelow: Lsn = LSN_ZERO;
  #transaction: TransactionStart | null = null;
  /** With which `txid` is compared; 0: with none. */
  #xid = 0;
  #isBehind = false;
  #rows = 0;
  #coveredRows = 0;
  #movedRows = 0;
  #firstMoved: { readonly id: string; readonly index: number } | null = null;
  #isBroken = false;

  constructor(
    options: OutboxOptions,
    timelines: TimelineHistory,
    target: IntakeTarget,
    counts: IntakeCounts,
    relations: OutboxRelations,
  ) {
    this.#relations = relations;
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

  /**
   * What the catalog has to be asked for (`OutboxRelations.ask`): then the last message was not taken, and is to be handed
   * over again. Null when it was taken.
   */
  get question(): RowQuestion | null {
    return this.#question;
  }

  /** From here on rows that `progress` covers are dropped. */
  skipTo({ commitLsn, index, endLsn }: Omit<Progress, "keepaliveLsn">): void {
    const isComplete = endLsn !== null && endLsn > commitLsn;
    this.#position = { commitLsn, index };
    this.#doneBelow = isComplete ? lsn(commitLsn + 1n) : commitLsn;
    this.#isBehind = this.#transaction !== null && this.#transaction.commitLsn <= commitLsn;
  }

  message(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    this.#question = null;
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
    this.#xid = transaction.xid;
    if (this.#lastPlace.until !== null) this.#lastRelation = null;
    this.#coveredRows = 0;
    this.#movedRows = 0;
    this.#firstMoved = null;
    const { backfillUntil } = this.#counts;
    const isBackfill = backfillUntil !== null && transaction.commitLsn < backfillUntil;
    // A backfill that begins again leaves out what is published, and numbers the rest from there on.
    this.#rows = isBackfill ? this.#indexAt(transaction.commitLsn) : 0;
    this.#origin = isBackfill ? "backfill" : "wal";
    this.#isBehind = transaction.commitLsn <= (this.#position?.commitLsn ?? LSN_ZERO);
    this.#reader.begin(transaction);
    this.#target.begin(transaction.commitLsn);
  }

  /** Its rows have the `txid` of the server that they were written on, whose ids say nothing here: rather twice than never. */
  replicated(): void {
    this.#xid = 0;
  }

  #indexAt(commitLsn: Lsn): number {
    return this.#position?.commitLsn === commitLsn ? this.#position.index : 0;
  }

  insert(relation: Relation, tuple: Tuple): void {
    invariant(this.#transaction !== null, "a row belongs to a transaction");
    const place = relation === this.#lastRelation ? this.#lastPlace : this.#turnTo(relation);
    if (place === null) return;
    const { table } = place;
    if (table === null) return this.#passOver(place);
    this.#rows += 1;
    place.tally[this.#origin] += 1;
    if (this.#isBehind && this.#position !== null) {
      if (covers(this.#position, this.#transaction.commitLsn, this.#rows)) {
        this.#coveredRows += 1;
        return;
      }
    }
    if (table.stamp >= 0 && isMoved(tuple, table.stamp, this.#xid)) {
      return this.#moved(table, tuple);
    }
    this.#target.record(this.#format.record(this.#reader.read(table, tuple, this.#rows)));
  }

  commit(endLsn: Lsn): void {
    invariant(this.#transaction !== null, "a commit ends a transaction");
    const { commitLsn } = this.#transaction;
    this.#transaction = null;
    const [rows, coveredRows] = [this.#rows, this.#coveredRows];
    const first = this.#firstMoved;
    const moved = first === null ? null : { ...first, commitLsn, rows: this.#movedRows };
    this.#target.commit({ commitLsn, endLsn, rows, coveredRows, moved });
  }

  /** It was published when it was inserted first. Its number stays its own, so that rows after it keep theirs. */
  #moved(table: OutboxTable, tuple: Tuple): void {
    this.#counts.tally.moved += 1;
    this.#movedRows += 1;
    this.#firstMoved ??= {
      id: shown(textOf(this.#reader.id(table, tuple).view())),
      index: this.#rows,
    };
  }

  /** Counted rows keep their number in the transaction, so that rows after them keep theirs. */
  #passOver({ passed, isCounted }: Place): void {
    if (isCounted) this.#rows += 1;
    if (passed !== null) passed.rows += 1;
  }

  /** Null: the catalog has to be asked first. */
  #turnTo(relation: Relation): Place | null {
    invariant(this.#transaction !== null, "a row belongs to a transaction");
    const { commitLsn } = this.#transaction;
    const known = this.#places.get(relation);
    const isKnown = known !== undefined && (known.until === null || commitLsn < known.until);
    const place = isKnown ? known : this.#placeOf(relation, this.#transaction);
    if (place === null || place === NOWHERE) return place;
    this.#places.set(relation, place);
    this.#lastRelation = relation;
    this.#lastPlace = place;
    return place;
  }

  #placeOf(relation: Relation, transaction: TransactionStart): Place | null {
    const { commitLsn } = transaction;
    const standing = this.#relations.standing(relation, commitLsn);
    // Below the checkpoint all was decided once; there is nothing left to ask or to halt for.
    const isDone = commitLsn < this.#doneBelow;
    const isOpen = standing === null || standing.kind === "unknown" || standing.kind === "replaced";
    if (isDone && isOpen) return NOWHERE;
    if (standing === null) this.#question = { oid: relation.oid, transaction };
    if (standing === null) return null;
    if (standing.kind === "replaced") throw tableReplaced(relation, standing.outbox);
    if (standing.kind === "unknown") {
      throw tableUnknown(relation, standing, commitLsn, this.#rows + 1);
    }
    const { tally } = this.#counts;
    if (standing.kind === "ours") {
      const { headers } = this.#relations;
      const { isStamped, isOfChild, outbox } = standing;
      const mustHaveHeaders = !isDone && headers.expects(outbox, commitLsn);
      const table = outboxTable(relation, this.#options.columns, isStamped, mustHaveHeaders);
      if (table.indexes.headers >= 0 && !isOfChild) headers.came(outbox, commitLsn);
      return { ...NOWHERE, table, tally: tally.rows(standing.outbox), until: standing.until };
    }
    const { isNamed, isCounted, until } = standing;
    const passed = isNamed ? tally.passedOver(`${relation.schema}.${relation.name}`) : null;
    return { ...NOWHERE, passed, isCounted, until };
  }
}
