import type { Lsn } from "./lsn.ts";

/** What the rows of a relation are to the relay. */
export type Standing =
  | {
      readonly kind: "ours";
      /** `schema.name` of the outbox table, for counts. */
      readonly outbox: string;
      /** Its rows carry the id of the transaction that inserted them first. */
      readonly isStamped: boolean;
      /** They are of a table below it that comes by a name of its own, and may have columns that it has not. */
      readonly isOfChild: boolean;
      readonly until: Until;
    }
  | {
      readonly kind: "passed";
      /** A publication of ours lists the table by name, so that its rows are counted. */
      readonly isNamed: boolean;
      /** They count in the transaction: a relay that knew the table may have published them. */
      readonly isCounted: boolean;
      readonly until: Until;
    }
  | {
      readonly kind: "unknown";
      readonly reason: string;
      /** The outbox table that may have been a partition of it, so that rows of both come under its name. */
      readonly held?: string;
    }
  /** An outbox table until another table took its name. */
  | { readonly kind: "replaced"; readonly outbox: string };

/** Holds for transactions that were committed below; null: as long as the server sends no other RELATION. */
export type Until = Lsn | null;

/** Rows of a table that a publication brings along. */
export const PASSED = {
  kind: "passed",
  isNamed: false,
  isCounted: false,
  until: null,
} as const satisfies Standing;
