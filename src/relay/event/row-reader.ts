import { copyOf } from "../copy-of.ts";
import type { TransactionStart } from "../decode/pgoutput-decoder.ts";
import type { Tuple } from "../decode/tuple.ts";
import type { ErrorCode } from "../errors.ts";
import { LSN_ZERO } from "../lsn.ts";
import { POSITION_BYTES, writePosition, writePositionIndex } from "../position.ts";
import type { TimelineHistory } from "../timeline-history.ts";
import { readColumn } from "./column-value.ts";
import { Field } from "./field.ts";
import type { OutboxEvent } from "./outbox-event.ts";
import type { OutboxColumn, OutboxColumnNames, OutboxTable } from "./outbox-table.ts";
import { PoisonError } from "./poison.ts";

/** The one event that stands for each row in turn. */
class RowEvent implements OutboxEvent {
  readonly id = new Field();
  readonly route = new Field();
  readonly key = new Field();
  readonly type = new Field();
  readonly payload = new Field();
  readonly headers = new Field();
  transaction: TransactionStart = NO_TRANSACTION;
  index = 0;
  readonly position = new Uint8Array(POSITION_BYTES);
}

const NO_TRANSACTION: TransactionStart = { commitLsn: LSN_ZERO, commitMs: 0, xid: 0 };

/**
 * Turns rows of one transaction into events: checks what must be there and stamps the position.
 * Throws PoisonError for a row that no retry will make right.
 */
export class RowReader {
  readonly #names: OutboxColumnNames;
  readonly #timelines: TimelineHistory;
  readonly #event = new RowEvent();

  constructor(names: OutboxColumnNames, timelines: TimelineHistory) {
    this.#names = names;
    this.#timelines = timelines;
  }

  begin(transaction: TransactionStart): void {
    const { commitLsn } = transaction;
    const event = this.#event;
    event.transaction = transaction;
    writePosition(event.position, this.#timelines.at(commitLsn), commitLsn);
  }

  /** The event holds until the next call, and no longer than the tuple. */
  read(table: OutboxTable, tuple: Tuple, index: number): OutboxEvent {
    const event = this.#event;
    event.index = index;
    event.id.setNull();
    this.#required("id", table, tuple);
    this.#required("route", table, tuple);
    this.#required("key", table, tuple);
    this.#required("type", table, tuple);
    this.#read("payload", table, tuple);
    if (table.indexes.headers < 0) event.headers.setNull();
    else this.#read("headers", table, tuple);
    writePositionIndex(event.position, index);
    return event;
  }

  /** The row's id alone, for a row that becomes no event. */
  id(table: OutboxTable, tuple: Tuple): Field {
    this.#event.id.setNull();
    this.#required("id", table, tuple);
    return this.#event.id;
  }

  #required(column: OutboxColumn, table: OutboxTable, tuple: Tuple): void {
    this.#read(column, table, tuple);
    if (this.#event[column].isNull) throw this.#poison(column, NULL_VALUE);
  }

  #read(column: OutboxColumn, table: OutboxTable, tuple: Tuple): void {
    const field = this.#event[column];
    if (!readColumn(field, tuple, table.indexes[column], table.typeOids[column]))
      throw this.#poison(column, unreadable(table, column));
  }

  #poison(column: OutboxColumn, problem: Problem): PoisonError {
    const { id, transaction, index } = this.#event;
    const isKnown = column !== "id" && !id.isNull;
    const place = {
      id: isKnown ? copyOf(id.view()) : null,
      commitLsn: transaction.commitLsn,
      index,
    };
    const message = `column ${this.#names[column]} ${problem.message}`;
    return new PoisonError(place, { ...problem, message });
  }
}

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const NULL_VALUE: Problem = {
  code: "ROW_NULL",
  message: "is NULL",
  hint: 'The row is in the WAL and cannot be changed: declare the column NOT NULL so that it cannot happen again, and see docs/guarantees.md, "A row that cannot be published".',
};

function unreadable(table: OutboxTable, column: OutboxColumn): Problem {
  return {
    code: "ROW_TYPE",
    message: `has a type or form that cannot be read (type OID ${table.typeOids[column]})`,
    hint: "Use one of uuid, text, varchar, json, jsonb, bytea, smallint, integer or bigint for it.",
  };
}
