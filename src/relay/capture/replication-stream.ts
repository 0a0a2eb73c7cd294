import type { BackfillRows } from "../backfill/backfill-rows.ts";
import type { RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import type { Watermark } from "../watermark.ts";

/** Who is at the other end, as `IDENTIFY_SYSTEM` and `TIMELINE_HISTORY` told on the stream's own connection. */
export interface ServerIdentity {
  readonly systemId: string;
  readonly timeline: number;
  /** The server's WAL end when it was asked. */
  readonly xlogPos: Lsn;
  /** Text of the timeline history file; null on timeline 1, which has none, and where the server cannot show it. */
  readonly timelineHistory: string | null;
  /** `wal_sender_timeout` in force on this connection, ms; 0 means off. */
  readonly walSenderTimeoutMs: number;
  /** Process id of the walsender at the other end: the slot's `active_pid` while the stream lives. */
  readonly walSenderPid: number;
  /** When the server was started: an opaque text, the same only for one and the same server. */
  readonly serverStart: string;
}

export interface StreamHandlers {
  /**
   * One pgoutput message (protocol 1), as it came. `bytes` is valid during the call only: the
   * driver writes the next socket read over it. Must not throw; if it does all the same, the
   * adapter closes the stream and reports the error through `closed`.
   */
  message(bytes: Uint8Array): void;
  /** A keepalive, in its place between the messages. */
  keepalive(walEnd: Lsn, replyRequested: boolean): void;
  /** All messages of one socket read have been handed over. */
  readEnd(): void;
  /**
   * The stream ended by itself: once, after the last message. Nothing follows it. Not called
   * after `close()`. A server notice that rows were skipped counts as an end (remedy `halt`).
   */
  closed(error: RelayError): void;
}

/** Feedback to the walsender: `confirmed` lets Postgres forget, `received` only tells that we are alive. */
export interface StandbyStatus {
  readonly received: Lsn;
  readonly confirmed: Lsn;
}

export interface ReplicationStream {
  readonly identity: ServerIdentity;
  /** Stops reading the socket: the only backpressure. Status can still be sent. A few messages already read may follow. */
  pause(): void;
  resume(): void;
  /**
   * Sends a standby status update at once. `confirmed` never goes back on one stream, and 0/0 leaves the slot where it is.
   * A lost connection is reported through `closed`, never thrown here.
   */
  sendStatus(status: StandbyStatus): void;
  /** Ends the stream and frees the slot; waits for the server up to a short bound, then cuts the link. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** A stream from a new slot, and what was there before it. The caller closes both. */
export interface BackfillStream {
  readonly stream: ReplicationStream;
  readonly rows: BackfillRows;
}

/** The tables beside a slot that a backfill made before. Whoever has the rows closes them. */
export interface RowsBesideSlot {
  /** `until` and `watermark` are those of the slot. Rows that it surely brings are no candidates. */
  readonly rows: BackfillRows;
  /** Of the server that was asked, as `ServerIdentity` tells it. */
  readonly serverStart: string;
  /** How many candidates the slot may bring as well: written since by a transaction that may have inserted or changed them. */
  readonly doubtful: number;
  /** Every transaction that the rows were read after committed below it. */
  readonly readLsn: Lsn;
  /** Names the doubtful candidates. Rejects with RelayError. */
  doubtfulIds(each: (id: string) => void, signal: AbortSignal): Promise<void>;
}

/** Where the relay reads: one slot of one database. */
export interface ReplicationSource {
  /**
   * Takes the slot: connects, pins the session, starts at 0/0 and resolves once the server streams.
   * The socket is paused by then; messages that came with the answer are handed over all the same.
   * Rejects with RelayError: `SLOT_BUSY` (remedy `standby`) while another walsender has the slot.
   */
  open(handlers: StreamHandlers, signal: AbortSignal): Promise<ReplicationStream>;
  /**
   * Makes the slot again, which must not exist, and takes it like `open`. Beside the stream come the rows that were
   * committed before it and that `since` does not show (null: whatever is in the tables): with the stream they are
   * everything, and nothing is in both. Rejects with `SLOT_BUSY` where the slot exists.
   */
  openBackfill(
    since: Watermark | null,
    handlers: StreamHandlers,
    signal: AbortSignal,
  ): Promise<BackfillStream>;
  /**
   * Rejects with RelayError where `openBackfill` would be refused, because this role may not read all rows of the outbox
   * tables. Changes nothing.
   */
  assertReadable(signal: AbortSignal): Promise<void>;
  /**
   * From now on streams bring every value as text: for when one came in a binary form that the relay does not know, as after
   * a column had another type when the row was written. Answers whether that is new.
   */
  useText(): boolean;
  /**
   * The rows as `openBackfill` has them, for a slot that was made before with the snapshot `made`: those that were
   * committed before it, less those that `since` shows. Changes nothing and takes no slot. Rejects with RelayError.
   */
  readBesideSlot(
    since: Watermark | null,
    made: Watermark,
    signal: AbortSignal,
  ): Promise<RowsBesideSlot>;
}
