import type { Lsn } from "../../../../src/relay/lsn.ts";

export type Delivery = "exactly-once" | "at-least-once";

/** A transaction with outbox rows, as Postgres itself decodes it. */
export interface LedgerTransaction {
  /** End of the transaction before it: its own commit record starts there or later. */
  readonly after: Lsn;
  /** The byte after its commit record. */
  readonly end: Lsn;
}

/** One committed row, in commit order. */
export interface LedgerRow {
  readonly transaction: LedgerTransaction;
  /** Number of the row in its transaction, from 1. */
  readonly index: number;
  readonly id: string;
  readonly topic: string;
  readonly key: string;
  /** Of key, value, type and own headers: see `contentDigest`. */
  readonly digest: string;
}

/** One record as a read_committed consumer sees it; in offset order per partition. */
export interface ObservedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly id: string;
  readonly key: string;
  readonly position: string;
  readonly digest: string;
}

export interface StoredCheckpoint {
  readonly offset: number;
  /** When the relay made it, ms since 1970. */
  readonly atMs: number;
  readonly commitLsn: Lsn;
  readonly index: number;
  /** What it lets Postgres forget. */
  readonly covered: Lsn;
  readonly instance: string;
}

/** The slot was asked first, the topic's end after it. */
export interface ConfirmedSample {
  /** When the slot was asked, ms since 1970. */
  readonly atMs: number;
  readonly confirmed: Lsn;
  /** Records below this offset were in the checkpoint topic. */
  readonly checkpointEnd: number;
}

export interface Recovery {
  readonly ms: number;
  /** Whether nothing else was broken meanwhile. */
  readonly isClear: boolean;
}

/** All that a run leaves behind, for the checker. */
export interface History {
  readonly delivery: Delivery;
  /** T: what Postgres committed. */
  readonly ledger: readonly LedgerRow[];
  /** Ids of transactions whose COMMIT was answered. */
  readonly acknowledged: ReadonlySet<string>;
  /** K: the topics, read from the beginning at the end. */
  readonly records: readonly ObservedRecord[];
  /** What a consumer saw that read along: an id at each place `topic/partition/offset`. */
  readonly live: ReadonlyMap<string, string>;
  /** Z: every checkpoint, by offset, and every sample of the slot. */
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly samples: readonly ConfirmedSample[];
  readonly recoveries: readonly Recovery[];
  /** Relays that ended or failed by themselves, calms without progress, a drain that did not end. */
  readonly troubles: readonly string[];
  readonly relayRssBytesMax: number;
  /** WAL that the slot held back after the drain. */
  readonly retainedBytes: number;
}
