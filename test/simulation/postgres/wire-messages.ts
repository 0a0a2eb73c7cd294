import type { Lsn } from "../../../src/relay/lsn.ts";
import { maxLsn } from "../../../src/relay/lsn.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  relationBytes,
} from "../../support/model/pgoutput-bytes.ts";
import type { SimPostgres } from "./sim-postgres.ts";
import type { SimRow, SimTransaction } from "./sim-wal.ts";

const COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"] as const;

export type WireMessage =
  /** `told`: how far the client may confirm once it has seen this. */
  | { readonly kind: "data"; readonly bytes: Uint8Array; readonly told: Lsn }
  | { readonly kind: "keepalive"; readonly walEnd: Lsn; readonly isReplyRequested: boolean };

/**
 * What a walsender sends from the slot's position on: whole transactions, the first one whose commit record starts
 * there or later, in the order of their commits, and a RELATION before a table's first row and after each change of it.
 */
export class MessageSource {
  readonly #postgres: SimPostgres;
  /** Place of the next transaction in the log. */
  #at: number;
  #transaction: SimTransaction | null = null;
  /** What comes next of it: 0 is BEGIN, then its rows, then COMMIT. */
  #step = 0;
  /** What was described of each table, by OID. */
  readonly #described = new Map<number, string>();
  #sent: Lsn;

  constructor(postgres: SimPostgres) {
    this.#postgres = postgres;
    const from = postgres.confirmed ?? postgres.wal.end;
    const { transactions } = postgres.wal;
    const first = transactions.findIndex(({ commitLsn }) => commitLsn >= from);
    this.#at = first < 0 ? transactions.length : first;
    this.#sent = from;
  }

  /** How far the server has read: what a keepalive tells. Inside a transaction that is its end already. */
  get sentLsn(): Lsn {
    if (this.#transaction !== null) return this.#transaction.endLsn;
    const next = this.#pending();
    const end = next?.commitLsn ?? this.#postgres.sendable;
    this.#sent = maxLsn(this.#sent, end);
    return this.#sent;
  }

  next(): WireMessage | null {
    const transaction = this.#transaction ?? this.#begin();
    if (transaction === null) return null;
    const { rows, commitLsn, endLsn, commitMs } = transaction;
    const told = endLsn;
    if (this.#step === 0) {
      this.#step = 1;
      return { kind: "data", bytes: beginBytes(commitLsn, commitMs), told };
    }
    const row = rows[this.#step - 1];
    if (row !== undefined) return { kind: "data", bytes: this.#rowOrRelation(row), told };
    this.#transaction = null;
    this.#step = 0;
    this.#sent = maxLsn(this.#sent, endLsn);
    return { kind: "data", bytes: commitBytes(commitLsn, endLsn), told };
  }

  #begin(): SimTransaction | null {
    const next = this.#pending();
    if (next === undefined) return null;
    this.#transaction = next;
    this.#at += 1;
    return next;
  }

  #pending(): SimTransaction | undefined {
    const { wal, sendable, options } = this.#postgres;
    for (;;) {
      const next = wal.transactions[this.#at];
      if (next === undefined || next.endLsn > sendable) return undefined;
      if (next.rows.length > 0 || options.sendsEmpty) return next;
      this.#at += 1;
    }
  }

  #rowOrRelation(row: SimRow): Uint8Array {
    const { oid, schema, name } = row.table;
    const shape = `${schema}.${name} ${row.layout}`;
    if (this.#described.get(oid) !== shape) {
      this.#described.set(oid, shape);
      const columns = layoutOf(row.layout).map((name) => ({ name, typeOid: 25 }));
      return relationBytes(oid, schema, name, columns);
    }
    this.#step += 1;
    const values = valuesOf(row);
    return insertBytes(
      oid,
      layoutOf(row.layout).map((name) => values[name] ?? null),
    );
  }
}

/** Columns in another order, with one more, for each layout. */
function layoutOf(layout: number): string[] {
  const turned = [
    ...COLUMNS.slice(layout % COLUMNS.length),
    ...COLUMNS.slice(0, layout % COLUMNS.length),
  ];
  return layout === 0 ? turned : [...turned, `extra${layout}`];
}

function valuesOf({ id, route, key, payload }: SimRow): Record<string, string | null> {
  return { id, aggregatetype: route, aggregateid: key, type: "placed", payload };
}
