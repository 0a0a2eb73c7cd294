import type { Lsn } from "../../../../src/relay/lsn.ts";

/**
 * What a committed row is to the relay, by what the catalogs said when it was written:
 * event: a row of an outbox table that the stream delivers;
 * gap: a row of an outbox table that the stream does not deliver, or that no slot saw;
 * other: no row of an outbox table.
 */
export type RowClass = "event" | "gap" | "other";

export interface RowContent {
  readonly topic: string;
  readonly key: string;
  readonly type: string;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [string, string])[];
}

/** A row that was inserted and committed, as a superuser read it in its own transaction. */
export interface WrittenRow {
  readonly id: string;
  readonly class: RowClass;
  /** For people: table, persistence, and whether it is published. */
  readonly where: string;
  readonly content: RowContent;
  /** Id of the outbox table that it was written for. */
  readonly table: string;
  /** The headers column had another name than the relay's setting. */
  readonly areHeadersAway: boolean;
  /** It holds the id of its transaction, by which a repair puts rows in order. */
  readonly hasTxid: boolean;
  /** Step that wrote it. Rows of one step may be of two transactions that ran at once. */
  readonly step: number;
  /** Decisions that were made before it. */
  readonly decisions: number;
}

/** Rows of `WorldHistory.unseen` lay in an unlogged table that was logged again before anybody looked. */
export type UnseenRows = ReadonlySet<string>;

/** What Postgres's own decoder tells of an inserted row. */
export interface DecodedInsert {
  readonly id: string;
  /** Place in commit order among all rows. */
  readonly rank: number;
  /** End of the transaction before it, and the byte after its own commit record. */
  readonly after: Lsn;
  readonly end: Lsn;
  /** How often a row with this id was inserted: more than once when it moved. */
  readonly inserts: number;
}

/** What a halt looked like when it had lasted. */
export interface Halt {
  readonly step: number;
  readonly code: string;
  /** Of the slot; null when there was none. */
  readonly confirmed: Lsn | null;
  readonly decisions: number;
}

export interface DecisionMade {
  readonly step: number;
  readonly kind: "repair" | "accept" | "snapshot";
  /** Ids that the outbox tables held when it was made, as a superuser sees them. */
  readonly held: ReadonlySet<string>;
}

export interface PublishedRecord extends RowContent {
  readonly id: string;
  readonly partition: number;
  /** Rises within a partition. */
  readonly rank: number;
  readonly position: string;
}

export type FailureKind =
  | "lost"
  | "silent"
  | "twice"
  | "invented"
  | "altered"
  | "disordered"
  | "confirmed"
  | "false-alarm"
  | "flaps"
  | "stuck"
  | "crashed";

/** One thing that must not be. */
export interface Failure {
  readonly kind: FailureKind;
  readonly what: string;
}

/** All that a world leaves behind. */
export interface WorldHistory {
  readonly delivery: "exactly-once" | "at-least-once";
  readonly rows: readonly WrittenRow[];
  readonly undone: readonly string[];
  readonly decoded: readonly DecodedInsert[];
  readonly halts: readonly Halt[];
  readonly decisions: readonly DecisionMade[];
  readonly records: readonly PublishedRecord[];
  readonly unseen: UnseenRows;
  /** The headers column was dropped once, and what it held with it. */
  readonly hasDroppedHeaders: boolean;
  /** Nothing that was done can keep rows out of the stream: a halt that speaks of it is a false alarm. */
  readonly isInnocent: boolean;
}
