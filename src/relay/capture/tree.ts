/**
 * What decides, for one table below an outbox table, whether its rows come; or, for an outbox table or its schema, what
 * the other catalog rows do not tell. A field is empty where it decides nothing.
 */
export interface TreeMark {
  /**
   * Versions of the links to the tables above it: those in the tree for a table below, all of them for an outbox table
   * that is published with a table above it.
   */
  readonly link: string;
  /** OID of its TOAST table, where it could have been set unlogged: ALTER TABLE makes another one as it rewrites the table. */
  readonly toast: string;
  /** How a publication lists it by its own name, for a child by INHERITS. */
  readonly listing: string;
  /** Versions of the rows that list it. */
  readonly listed: string;
  /** Version of its row type, for a child by INHERITS; of the row of a schema. It changes with name, schema and owner. */
  readonly version: string;
  /** Whose it is; for a schema also its grants. */
  readonly owner: string;
  /** As it is written in SQL, where the version counts. */
  readonly name: string;
}

/** A mark as a look at the catalogs finds it. */
export interface TreePart extends TreeMark {
  /** The same for one and the same table, outbox table or schema. */
  readonly key: string;
  /** Became a part, or was published, by another statement than the one that created it. */
  readonly isLate: boolean;
  /** Whether it held rows when it was first seen; only known of parts that came late. */
  readonly hasRows: boolean;
  readonly overlooked: Overlooked;
}

/**
 * Whether the server leaves rows of the table out of a stream that has read a change of it from before it was a part. `later`:
 * rows that come from now on; `already`: it held such rows when it was first seen, so that rows may be missing by now.
 */
export type Overlooked = "no" | "later" | "already";

/** Keys begin with this for an outbox table. */
export const OUTBOX_KEY = "o";
/** Keys begin with this for a schema; those of the tables below are OIDs. */
export const SCHEMA_KEY = "n";
