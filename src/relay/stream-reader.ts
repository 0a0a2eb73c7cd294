import { Feedback, statusIntervalMs } from "./capture/feedback.ts";
import type {
  ReplicationStream,
  ServerIdentity,
  StreamHandlers,
} from "./capture/replication-stream.ts";
import { copyOf } from "./copy-of.ts";
import type { RelayError } from "./errors.ts";
import { invariant } from "./errors.ts";
import type { OutboxRecord } from "./event/outbox-record.ts";
import { Hold } from "./hold.ts";
import type { EndedTransaction, IntakeTarget, RowQuestion } from "./intake.ts";
import { Intake } from "./intake.ts";
import type { Lsn } from "./lsn.ts";
import { LSN_ZERO, maxLsn, minLsn } from "./lsn.ts";
import type { RelayOptions } from "./options.ts";
import type { OutboxRelations } from "./outbox-relations.ts";
import type { RelayPorts } from "./ports.ts";
import { coveredLsn } from "./progress.ts";
import type { Backlog } from "./publish/backlog.ts";
import type { ReaderEvents } from "./reader-events.ts";
import type { Ladder } from "./settle/ladder.ts";
import type { SlotLease } from "./slot-lease.ts";
import type { StartPoint } from "./start-position.ts";
import { StreamEnd } from "./stream-end.ts";
import { TimelineHistory } from "./timeline-history.ts";

/**
 * The near half of a session: fills the backlog from the stream, holds the stream back while the
 * backlog is full, and answers Postgres.
 */
export class StreamReader implements StreamHandlers, IntakeTarget {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #backlog: Backlog;
  readonly #ladder: Ladder;
  readonly #lease: SlotLease;
  readonly #relations: OutboxRelations;
  readonly #events: ReaderEvents;
  #intake: Intake | null = null;
  #stream: ReplicationStream | null = null;
  #feedback: Feedback | null = null;
  /** Before the start, and while the catalog is asked. */
  readonly #hold = new Hold();
  /**
   * How far this server has announced its WAL. A predecessor's checkpoint may lie past it for a moment; Postgres takes any
   * position for true, so nothing beyond is confirmed.
   */
  #told: Lsn = LSN_ZERO;
  #isStarted = false;
  #isPaused = true;
  #isDraining = false;
  #isEnded = false;
  readonly #end = new StreamEnd();

  constructor(
    ports: RelayPorts,
    options: RelayOptions,
    backlog: Backlog,
    ladder: Ladder,
    lease: SlotLease,
    relations: OutboxRelations,
    events: ReaderEvents,
  ) {
    this.#relations = relations;
    this.#ports = ports;
    this.#options = options;
    this.#backlog = backlog;
    this.#ladder = ladder;
    this.#lease = lease;
    this.#events = events;
  }

  /**
   * Keeps the link alive from now on; nothing is confirmed and nothing more is read until `start`.
   * `backfillUntil`: rows of transactions below it come from before the slot.
   */
  attach(stream: ReplicationStream, backfillUntil: Lsn | null = null): void {
    this.#stream = stream;
    const { timeline, timelineHistory, xlogPos, walSenderTimeoutMs } = stream.identity;
    this.#lease.start(walSenderTimeoutMs);
    const intervalMs = statusIntervalMs(this.#options.statusIntervalMs, walSenderTimeoutMs);
    this.#feedback = new Feedback(this.#ports.clock, intervalMs, () => this.#sendStatus());
    this.#told = maxLsn(this.#told, xlogPos);
    const timelines = new TimelineHistory(timeline, timelineHistory);
    const { tally } = this.#ports.observer;
    const counted = { tally, backfillUntil };
    this.#intake = new Intake(this.#options.outbox, timelines, this, counted, this.#relations);
  }

  /** False once the stream has ended by itself or was closed; a refused row leaves the link as it is. */
  get isOpen(): boolean {
    return this.#stream !== null && !this.#end.isReached;
  }

  /** What the server ended the stream with, also while that waits behind what is held; null while it goes on. */
  get endedWith(): RelayError | null {
    return this.#end.error;
  }

  /** Before the start, for a stream whose server is gone: what is under way is held, with the word that it ends with. */
  async readToEnd(signal: AbortSignal): Promise<void> {
    this.#attached().resume();
    await this.#end.wait(this.#ports.clock, signal);
    this.#attached().pause();
  }

  get identity(): ServerIdentity {
    return this.#attached().identity;
  }

  /** Reads on from `point`; what it covers is dropped. */
  start(point: StartPoint): void {
    this.#intake?.skipTo(point.progress);
    this.#isStarted = true;
    this.resumeFrom(point);
    this.#release();
  }

  /** The backlog starts over from a checkpoint that was just read. */
  resumeFrom({ progress, isStored }: StartPoint): void {
    const covered = this.#backlog.resume(this.identity.timeline, progress, isStored);
    if (covered > 0) this.#ports.observer.skipped(covered);
    this.#ladder.raise("received", coveredLsn(progress));
    this.#ladder.raise("decoded", coveredLsn(progress));
    if (isStored) this.confirm(coveredLsn(progress));
    this.#backpressure();
  }

  /** Everything below `lsn` is covered by a durable checkpoint. */
  confirm(lsn: Lsn): void {
    this.#ladder.raise("published", lsn);
    this.#ladder.raise("checkpointed", lsn);
    this.#ladder.raise("confirmed", lsn);
    this.#feedback?.confirmed();
    this.#backpressure();
  }

  /** Whether what comes is read on from a checkpoint; before that nothing can be confirmed. */
  get hasStarted(): boolean {
    return this.#isStarted;
  }

  /** Stops reading for good; feedback goes on. */
  drain(): void {
    this.#isDraining = true;
    this.#attached().pause();
  }

  /** Tells Postgres the last confirmed LSN and frees the slot. */
  async close(): Promise<void> {
    this.#isEnded = true;
    this.#end.reached(null);
    this.#ports.observer.heldBack(false);
    if (this.#feedback !== null) this.#sendStatus();
    this.#feedback?.stop();
    await this.#stream?.close();
  }

  message(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.#hold.isOn) {
      const copy = copyOf(bytes);
      return this.#hold.keep(() => this.message(copy));
    }
    this.#ports.observer.tally.message(bytes);
    this.#take(bytes);
  }

  #take(bytes: Uint8Array): void {
    const intake = this.#intake;
    if (intake === null || this.#isEnded) return;
    try {
      intake.message(bytes);
    } catch (error) {
      // The link stays: Postgres is answered while what came before this row is published.
      this.#isEnded = true;
      this.#attached().pause();
      this.#events.refused(error);
      return;
    }
    if (intake.question !== null) this.#ask(intake.question, bytes);
  }

  /** The row comes first again once the catalog has answered. */
  #ask(question: RowQuestion, bytes: Uint8Array): void {
    const row = copyOf(bytes);
    this.#hold.begin(() => this.#take(row));
    this.#attached().pause();
    this.#relations
      .ask(question)
      .then(() => this.#release())
      .catch((error: unknown) => this.#events.failed(error));
  }

  /** What was held comes in its order, until the catalog has to be asked again. */
  #release(): void {
    if (this.#isEnded || this.#isDraining) return;
    if (!this.#hold.end() || this.#isEnded) return;
    if (this.#isPaused) this.#backpressure();
    else this.#attached().resume();
    this.#events.progressed();
  }

  keepalive(walEnd: Lsn, replyRequested: boolean): void {
    this.#lease.heard();
    if (this.#isEnded) return;
    const intake = this.#intake;
    if (intake === null || this.#hold.isOn) {
      this.#hold.keep(() => this.keepalive(walEnd, replyRequested));
      // An answer does not wait for the catalog.
      if (replyRequested) this.#feedback?.asked(true);
      return;
    }
    this.#ports.observer.tally.keepalives += 1;
    this.#told = maxLsn(this.#told, walEnd);
    this.#ladder.raise("received", walEnd);
    if (!intake.isInTransaction) {
      this.#backlog.keepalive(walEnd);
      this.#ladder.raise("decoded", coveredLsn(this.#backlog.read));
      this.#events.progressed();
    }
    if (!replyRequested) return;
    const isBehind = this.#ladder.at("confirmed") < walEnd;
    // Also behind records in flight: they may have been taken before this progress was.
    if (isBehind) this.#events.idleWanted();
    this.#feedback?.asked(isBehind);
  }

  readEnd(): void {
    this.#lease.heard();
    if (this.#isEnded || this.#intake === null) return;
    this.#backpressure();
    this.#events.progressed();
  }

  /** What halts comes in its place, behind what is held: each next stream ends there as well. */
  closed(error: RelayError): void {
    this.#end.reached(error);
    if (error.remedy === "halt" && this.#hold.isOn) this.#hold.keep(() => this.#ended(error));
    else this.#ended(error);
  }

  #ended(error: RelayError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.closed(error);
  }

  begin(commitLsn: Lsn): void {
    this.#told = maxLsn(this.#told, commitLsn);
    this.#ladder.raise("received", commitLsn);
    this.#ladder.raise("decoded", commitLsn);
    this.#ports.observer.moment("begin-decoded");
  }

  record(record: OutboxRecord): void {
    const isSealed = this.#backlog.add(record, this.#ports.clock.monotonicMs());
    if (isSealed) this.#ports.observer.moment("batch-split");
  }

  commit({ commitLsn, endLsn, rows, coveredRows, moved }: EndedTransaction): void {
    this.#told = maxLsn(this.#told, endLsn);
    this.#ladder.raise("received", endLsn);
    this.#backlog.endTransaction(commitLsn, rows, endLsn);
    this.#ladder.raise("decoded", coveredLsn(this.#backlog.read));
    this.#ports.observer.transaction(rows);
    if (coveredRows > 0) this.#ports.observer.skipped(coveredRows);
    if (moved !== null) this.#ports.observer.moved(moved);
  }

  #sendStatus(): void {
    this.#stream?.sendStatus({
      received: this.#ladder.at("received"),
      confirmed: minLsn(this.#ladder.at("confirmed"), this.#told),
    });
    this.#lease.spoke();
    this.#ports.observer.moment("status-sent");
  }

  #backpressure(): void {
    if (!this.#isStarted || this.#isDraining || this.#isEnded || this.#hold.isOn) return;
    const { bytes } = this.#backlog;
    const { bufferBytesMax } = this.#options;
    if (!this.#isPaused && bytes > bufferBytesMax) {
      this.#isPaused = true;
      this.#attached().pause();
      this.#ports.observer.heldBack(true);
    } else if (this.#isPaused && bytes < bufferBytesMax / 2) {
      this.#isPaused = false;
      this.#attached().resume();
      this.#ports.observer.heldBack(false);
    }
  }

  #attached(): ReplicationStream {
    invariant(this.#stream !== null, "the stream is attached before it is used");
    return this.#stream;
  }
}
