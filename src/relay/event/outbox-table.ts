import type { Relation } from "../decode/relation.ts";
import { TYPE_OID } from "../decode/type-oid.ts";
import { RelayError } from "../errors.ts";

/** Which columns of the outbox table mean what. `headers` may be missing in the table; the others may not. */
export interface OutboxColumnNames {
  readonly id: string;
  readonly route: string;
  readonly key: string;
  readonly type: string;
  readonly payload: string;
  readonly headers: string;
}

export type OutboxColumn = keyof OutboxColumnNames;

/** The outbox columns of one version of a table, by their place in the row. */
export interface OutboxTable {
  /** -1 for `headers` when the table has no such column. */
  readonly indexes: Readonly<Record<OutboxColumn, number>>;
  readonly typeOids: Readonly<Record<OutboxColumn, number>>;
  /** Of the column with the id of the transaction that inserted a row first; -1 where rows cannot be told by it. */
  readonly stamp: number;
}

/** The migration's name for that column. */
const STAMP = "txid";

const REQUIRED: readonly OutboxColumn[] = ["id", "route", "key", "type", "payload"];

/**
 * Maps the columns by name. `isStamped`: rows carry the id of the transaction that inserted them first.
 * `mustHaveHeaders`: earlier rows of the table had them.
 * Throws RelayError `COLUMN_MISSING` (halt) when a required one is not there.
 */
export function outboxTable(
  relation: Relation,
  names: OutboxColumnNames,
  isStamped = false,
  mustHaveHeaders = false,
): OutboxTable {
  const place = (column: OutboxColumn): number =>
    relation.columns.findIndex((candidate) => candidate.name === names[column]);
  const missing = missingColumns(relation, names);
  if (mustHaveHeaders && place("headers") < 0) missing.push(names.headers);
  if (missing.length > 0) throw columnMissing(relation, missing);
  const record = <T>(value: (column: OutboxColumn) => T): Record<OutboxColumn, T> => ({
    id: value("id"),
    route: value("route"),
    key: value("key"),
    type: value("type"),
    payload: value("payload"),
    headers: value("headers"),
  });
  return {
    indexes: record(place),
    typeOids: record((column) => relation.columns[place(column)]?.typeOid ?? 0),
    stamp: isStamped ? stampOf(relation) : -1,
  };
}

function stampOf({ columns }: Relation): number {
  return columns.findIndex(({ name, typeOid }) => name === STAMP && typeOid === TYPE_OID.xid8);
}

/** Whether rows of the relation could be an outbox's. */
export function hasRequiredColumns(relation: Relation, names: OutboxColumnNames): boolean {
  return missingColumns(relation, names).length === 0;
}

function missingColumns({ columns }: Relation, names: OutboxColumnNames): string[] {
  return REQUIRED.map((column) => names[column]).filter(
    (name) => !columns.some((column) => column.name === name),
  );
}

function columnMissing(relation: Relation, missing: readonly string[]): RelayError {
  const table = `${relation.schema}.${relation.name}`;
  return new RelayError(`rows of table ${table} come without the column ${missing.join(", ")}`, {
    code: "COLUMN_MISSING",
    remedy: "halt",
    hint:
      "Set RELAY_COLUMN_* to the names that the table had when these rows were written, then restart; the slot keeps the rows. " +
      "If the table has other names again by now, rename the column for as long as these rows are read, " +
      "or take them from the table: outbox-relay slot drop --confirm <slot>, then outbox-relay repair.",
  });
}
