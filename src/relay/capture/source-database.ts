import type { Finding } from "../finding.ts";
import type { Lsn } from "../lsn.ts";
import type { Watermark } from "../watermark.ts";
import type { Catalog } from "./catalog.ts";
import type { CatalogLookup } from "./catalog-lookup.ts";
import type { TreePart } from "./tree.ts";

/** The row of `pg_replication_slots` that belongs to this relay. */
export interface SlotFacts {
  readonly name: string;
  /** Null for a physical slot. */
  readonly plugin: string | null;
  readonly database: string | null;
  readonly temporary: boolean;
  /** A copy of another server's slot, made by slot synchronisation (Postgres 17 and later). */
  readonly isSynced: boolean;
  readonly active: boolean;
  readonly activePid: number | null;
  /** `application_name` of the session that has the slot; null where there is none, or none that the role may see. */
  readonly holder?: string | null;
  readonly confirmedLsn: Lsn | null;
  readonly restartLsn: Lsn | null;
  /** `reserved`, `extended`, `unreserved` or `lost`. */
  readonly walStatus: string | null;
  /** Postgres 17 and later; null while the slot is valid. */
  readonly invalidationReason: string | null;
  /** Current WAL position less `restartLsn`: disk that the slot holds. */
  readonly retainedBytes: number | null;
  /** Current WAL position less `confirmedLsn`: WAL that the relay has not confirmed. */
  readonly unconfirmedBytes: number | null;
  /** WAL that may still be written before the slot can be lost; null where nothing limits it. */
  readonly safeWalBytes: number | null;
  /** Transactions since the oldest one whose dead catalog rows the slot keeps from vacuum. */
  readonly catalogXminAge: number | null;
  /** The server's current WAL position. */
  readonly walEnd: Lsn;
  /** When the server that answered was started: an opaque text, the same only for one and the same server. */
  readonly serverStart: string;
}

/** The oldest transaction that has written something and has not ended, in any database of the server. */
export interface OpenTransaction {
  /** Of its session; null for a prepared transaction, which has none. */
  readonly pid: number | null;
  /** Global identifier of a prepared transaction. */
  readonly gid: string | null;
  /** Transaction id as text: tells one from the next of the same session. */
  readonly xid: string;
  /** Since it began; null where the role may not see when that was (it lacks pg_read_all_stats). */
  readonly openSeconds: number | null;
}

/** What decoding for this slot has written to disk, since its statistics were reset. */
export interface SpilledWal {
  readonly transactions: number;
  readonly bytes: number;
}

/** What is looked at again and again while the stream runs, because the stream itself would not tell. */
export interface Vantage {
  /** System identifier of the cluster that answered. */
  readonly systemId: string;
  /** Its current timeline. */
  readonly timeline: number;
  /**
   * Fingerprint of publication and outbox tables as checkpoints of earlier versions hold it: it differs after every
   * change of a publication, also one that was taken back.
   */
  readonly publication: string;
  /**
   * What is wrong now below the outbox tables and beside them: a halt ends the session, because rows were written that
   * never come by the stream; a warning is told once.
   */
  readonly findings: readonly Finding[];
  /** The rows behind it, so that a change can be named, and told from one of the owner. */
  readonly catalog: Catalog;
  /** What decides on the way between the outbox tables and the tables below and above them. */
  readonly tree: readonly TreePart[];
  /** Object identifier of the database that answered. */
  readonly databaseOid: number;
  readonly watermark: Watermark;
  /** How far the witness row has counted; null where there is none. */
  readonly witness: number | null;
}

/** What the relay asks of the database over an ordinary connection. Every method rejects with RelayError only. */
export interface SourceDatabase extends CatalogLookup {
  /** Connects when needed and checks server, role, publication, tables and columns; all findings at once. */
  preflight(signal: AbortSignal): Promise<readonly Finding[]>;
  /** Null when there is no slot of that name. */
  slot(signal: AbortSignal): Promise<SlotFacts | null>;
  /** Creates the slot, pgoutput, without a snapshot; another relay's doing it first is fine. */
  createSlot(signal: AbortSignal): Promise<void>;
  /** Drops the slot; that it is gone already is fine. Rejects with `SLOT_BUSY` (remedy `standby`) while somebody reads from it. */
  dropSlot(signal: AbortSignal): Promise<void>;
  vantage(signal: AbortSignal): Promise<Vantage>;
  /**
   * Counts the witness row up, and answers how far; null where there is none. Only for a relay that has been judged fit to
   * stream: a count of anybody else's would hide that the database was set back.
   */
  countUp(signal: AbortSignal): Promise<number | null>;
  /**
   * Whether nobody else is making this slot or about to: a lock of the connection, for the time in which there is no slot
   * to be the lock. Correctness does not depend on it: it keeps two relays from fencing each other again and again.
   */
  reserve(signal: AbortSignal): Promise<boolean>;
  /** Gives that up. Never rejects. */
  release(): Promise<void>;
  /** Calls back each time the server says it is shutting down; the returned function unsubscribes. */
  onShutdown(callback: () => void): () => void;
  /**
   * Calls back each time a relay has announced that it let the slot go; the returned function unsubscribes. A hint and no
   * more: it may come late, for nothing, or never, so a relay that waits also looks by itself.
   */
  onSlotFree(callback: () => void): () => void;
  /** Tells those who listen that the slot is free. To be called once it is. */
  announceSlotFree(signal: AbortSignal): Promise<void>;
  /**
   * Gives up the connection and a question under way; the next question opens a new one. For when the stream was cut:
   * what cut it may have left this connection half open, and a question on it would wait for its time-out. Of several
   * servers, one that `cause` finds to be of another lineage is asked last from then on.
   */
  reconnect(cause: unknown): void;
  close(): Promise<void>;
}
