import type { PostgresMajor } from "../../../../src/demo/services/postgres-binaries.ts";
import type { Step } from "./step.ts";

/** What a column is for: the relay's six, those that the migration adds, and those that partition keys and hazards need. */
export type ColumnRole =
  | "id"
  | "route"
  | "key"
  | "type"
  | "payload"
  | "headers"
  | "created_at"
  | "txid"
  | "region"
  | "bucket"
  | "slice"
  | "extra";

export interface ColumnPlan {
  readonly role: ColumnRole;
  /** As the catalog holds it. */
  readonly name: string;
  /** SQL of the type. */
  readonly type: string;
  /** SQL that follows the type: NOT NULL, a default, a generation expression. */
  readonly options: string;
  /** Dropped again as soon as the table is there, so that numbers of columns have a hole. */
  readonly isDropped: boolean;
}

/** A partition or an INHERITS child below an outbox table. */
export interface RelationPlan {
  /** How steps name it. */
  readonly id: string;
  /** Id of the relation above. */
  readonly parent: string;
  readonly kind: "partition" | "child";
  readonly schema: string;
  readonly name: string;
  /** SQL of a partition's bound; empty for a child. */
  readonly bound: string;
  /** SQL that makes it a partitioned table; empty for a leaf. */
  readonly splitBy: string;
  readonly isUnlogged: boolean;
  /** Made as a table of its own with its columns in another order, then attached. */
  readonly isReordered: boolean;
  /** Made by a step, not with the world. */
  readonly isLate: boolean;
  /** The region and bucket of rows that belong there; null: a hash decides. */
  readonly place: Place | null;
}

export interface Place {
  readonly region: string;
  readonly bucket: number;
}

export interface TablePlan {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnPlan[];
  /** SQL that makes it a partitioned table; empty for a plain one. */
  readonly splitBy: string;
  readonly relations: readonly RelationPlan[];
  readonly isRowSecured: boolean;
  readonly hasPrimaryKey: boolean;
  /** A trigger that changes the inserted row's type, or writes to another table. */
  readonly trigger: "none" | "before" | "after";
  /** ON INSERT DO ALSO into another table. */
  readonly hasRule: boolean;
  readonly hasOtherOwner: boolean;
}

export type PublicationForm = "tables" | "all" | "schema";

export interface PublicationPlan {
  readonly form: PublicationForm;
  readonly isViaRoot: boolean;
  readonly operations: string;
  /** Names a table that RELAY_TABLES does not have. */
  readonly hasUnlisted: boolean;
  /** Another publication, of somebody else, holds the same tables. */
  readonly hasSecond: boolean;
}

export interface WorldPlan {
  readonly seed: number;
  readonly number: number;
  readonly major: PostgresMajor;
  readonly tables: readonly TablePlan[];
  readonly role: "superuser" | "least";
  readonly publication: PublicationPlan;
  readonly snapshot: "never" | "initial";
  readonly delivery: "exactly-once" | "at-least-once";
  /** Events in a batch at most. */
  readonly batchEvents: number;
  /** What an operator does after PUBLICATION_CHANGED when no row can be missing. */
  readonly prefersAccept: boolean;
  readonly steps: readonly Step[];
}
