import type { TransactionStart } from "../decode/pgoutput-decoder.ts";
import type { Tuple } from "../decode/tuple.ts";
import type { ErrorCode } from "../errors.ts";
import { positionPrefix } from "../position.ts";
import type { TimelineHistory } from "../timeline-history.ts";
import { textOf, writeAscii, writeHex32 } from "./ascii.ts";
import { columnValue } from "./column-value.ts";
import type { OutboxEvent } from "./outbox-event.ts";
import type { OutboxColumn, OutboxColumnNames, OutboxTable } from "./outbox-table.ts";
import { PoisonError } from "./poison.ts";

/**
 * Turns rows of one transaction into events: checks what must be there and stamps the position.
 * Throws PoisonError for a row that no retry will make right.
 */
export class RowReader {
  readonly #names: OutboxColumnNames;
  readonly #timelines: TimelineHistory;
  #transaction: TransactionStart | null = null;
  #positionPrefix = "";
  readonly #routes = new RouteTexts();

  constructor(names: OutboxColumnNames, timelines: TimelineHistory) {
    this.#names = names;
    this.#timelines = timelines;
  }

  begin(transaction: TransactionStart): void {
    this.#transaction = transaction;
    const { commitLsn } = transaction;
    this.#positionPrefix = positionPrefix(this.#timelines.at(commitLsn), commitLsn);
  }

  /** `spare` (ROW_SPARE_BYTES long, the row's own) becomes the position text. */
  read(table: OutboxTable, tuple: Tuple, index: number, spare: Uint8Array): OutboxEvent {
    const { commitLsn, commitMs } = this.#transaction as TransactionStart;
    const place = { id: null as Uint8Array | null, commitLsn, index };
    const value = (column: OutboxColumn): Uint8Array | null => {
      const found = columnValue(tuple, table.indexes[column], table.typeOids[column]);
      if (found === undefined) throw this.#poison(place, column, unreadable(table, column));
      return found;
    };
    const required = (column: OutboxColumn): Uint8Array => {
      const found = value(column);
      if (found === null) throw this.#poison(place, column, NULL_VALUE);
      return found;
    };
    place.id = required("id");
    writeAscii(spare, 0, this.#positionPrefix);
    writeHex32(spare, this.#positionPrefix.length, index);
    return {
      id: place.id,
      route: this.#routes.text(required("route")),
      key: required("key"),
      type: required("type"),
      payload: value("payload"),
      headers: table.indexes.headers < 0 ? null : value("headers"),
      commitMs,
      commitLsn,
      index,
      position: spare,
    };
  }

  #poison(place: PoisonError["place"], column: OutboxColumn, problem: Problem): PoisonError {
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

/** Texts of the few routes that most rows share; bounded, because a route can be anything. */
class RouteTexts {
  #last: Uint8Array = new Uint8Array(0);
  #lastText = "";

  text(bytes: Uint8Array): string {
    if (!sameBytes(bytes, this.#last)) {
      this.#lastText = textOf(bytes);
      this.#last = bytes.slice();
    }
    return this.#lastText;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
