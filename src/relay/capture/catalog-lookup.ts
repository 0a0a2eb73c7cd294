import type { Lsn } from "../lsn.ts";

/** An outbox table, or a table below one: a partition or an INHERITS child, at any level. */
export interface TreeRelation {
  readonly oid: number;
  /** `schema.name` of the outbox table, as the settings name it. */
  readonly outbox: string;
  readonly isRoot: boolean;
  /** A partition: its rows come under the name of the outbox table. */
  readonly isPartition: boolean;
}

/** A relation that the stream brought rows of. */
export interface AskedRelation {
  /** A table that was dropped does not. */
  readonly exists: boolean;
  /** A publication of ours lists it or a table above it by name. */
  readonly isNamed: boolean;
  /** A publication of ours takes it in with the whole database or a whole schema. */
  readonly isTakenIn: boolean;
  /**
   * `schema.name` of an outbox table that is a partition of it now, or whose row in pg_class was written at a time that
   * leaves open whether it was one when the rows were written. Null: none was.
   */
  readonly mayHaveHeld: string | null;
}

/** What the catalog says now. */
export interface CatalogAnswer {
  readonly systemId: string;
  /** A WAL position that was asked for after the catalog was read. */
  readonly lsn: Lsn;
  readonly tree: readonly TreeRelation[];
  /** Partitioned outbox tables, `schema.name`, whose column `txid` takes the id of the inserting transaction by default. */
  readonly stamped: readonly string[];
  /** Outbox tables, `schema.name`, that have the headers column. */
  readonly headed: readonly string[];
  /** A publication of ours takes in a whole schema or the database. */
  readonly isBroad: boolean;
  /** Null when no relation was asked for. */
  readonly asked: AskedRelation | null;
}

/** A relation to explain, and when its rows were written. */
export interface RelationQuestion {
  readonly oid: number;
  /** Low 32 bits of the id of the transaction that wrote them. */
  readonly xid: number;
  /** A `pg_snapshot` as text: what it shows had committed before that transaction did. Null where there is none. */
  readonly snapshot: string | null;
}

export interface CatalogQuestion {
  /** Null: only the tree is wanted. */
  readonly relation: RelationQuestion | null;
  /**
   * OIDs that outbox tables are known by, by `schema.name`. While no table has an outbox table's name, the one that had it
   * counts: it was renamed.
   */
  readonly roots: ReadonlyMap<string, number>;
}

/** Answers from the catalog which tables are outbox tables or stand below one. */
export interface CatalogLookup {
  /** Rejects with RelayError. */
  catalog(question: CatalogQuestion, signal: AbortSignal): Promise<CatalogAnswer>;
}
