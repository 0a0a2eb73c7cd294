import type { SlotFacts } from "./capture/source-database.ts";
import { CheckpointStamp } from "./checkpoint-stamp.ts";
import { ContinuityWatch } from "./continuity-watch.ts";
import { RelayError } from "./errors.ts";
import type { HaltRecord } from "./halt-record.ts";
import { HeldSlot } from "./held-slot.ts";
import type { RelayOptions } from "./options.ts";
import { IDLE_WAL_BYTES_MAX, LAST_BATCHES_MS } from "./options.ts";
import { OutboxRelations } from "./outbox-relations.ts";
import type { RelayPorts } from "./ports.ts";
import type { Progress } from "./progress.ts";
import { coveredLsn } from "./progress.ts";
import { Backlog } from "./publish/backlog.ts";
import type { Batch } from "./publish/batch.ts";
import type { BatchTimes } from "./publish/publisher.ts";
import { Publisher } from "./publish/publisher.ts";
import { SessionEnd } from "./session-end.ts";
import { Ladder } from "./settle/ladder.ts";
import { SinkRecovery } from "./sink-recovery.ts";
import { SlotLease } from "./slot-lease.ts";
import type { BackfillSince, OpenedStream } from "./slot-stream.ts";
import { openSlotStream } from "./slot-stream.ts";
import { StartJudge } from "./start-judge.ts";
import type { HaltPlace, StateBoard } from "./state.ts";
import { StreamReader } from "./stream-reader.ts";
import { StallWatch } from "./watch.ts";

/**
 * One hold of the slot: from taking it until the stream ends.
 *
 * Order of effects, never changed: records and checkpoint durable in one step, then the LSN
 * confirmed. Whatever ends a session, the slot still has all that was not confirmed.
 */
export class Session {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #board: StateBoard;
  readonly #backlog: Backlog;
  readonly #ladder = new Ladder();
  readonly #lease: SlotLease;
  readonly #slot: HeldSlot;
  readonly #reader: StreamReader;
  readonly #publisher: Publisher;
  readonly #recovery: SinkRecovery;
  readonly #watch: StallWatch;
  readonly end = new SessionEnd();
  readonly #continuity: ContinuityWatch;
  readonly #stamp: CheckpointStamp;
  readonly #halts: HaltRecord;
  readonly #judge: StartJudge;
  #lastCheckpoint: Progress | null = null;
  #isDraining = false;
  #cancelDeadline: () => void = () => undefined;

  constructor(ports: RelayPorts, options: RelayOptions, board: StateBoard, halts: HaltRecord) {
    this.#halts = halts;
    this.#ports = ports;
    this.#options = options;
    this.#board = board;
    this.#backlog = new Backlog({
      eventsMax: options.batchEventsMax,
      bytesMax: options.batchBytesMax,
    });
    this.#continuity = new ContinuityWatch(ports, options, (fault) => this.#finish(fault));
    const looks = [this.end.signal, this.#continuity] as const;
    const relations = new OutboxRelations(ports.database, options.outbox, ...looks);
    this.#stamp = new CheckpointStamp(options, ports.clock, this.#continuity, relations);
    this.#judge = new StartJudge(ports, options, this.#continuity, this.#stamp, halts);
    this.#lease = new SlotLease(ports.clock, (signal) => this.#slot.look(signal));
    this.#publisher = this.#newPublisher();
    const parts = [this.#backlog, this.#ladder, this.#lease, relations] as const;
    this.#reader = new StreamReader(ports, options, ...parts, {
      progressed: () => this.#publisher.wake(),
      idleWanted: () => this.#publisher.settleIdle(),
      refused: (error) => this.#rowRefused(error),
      failed: (error) => this.#finish(error),
      closed: (error) => this.#streamEnded(error),
    });
    this.#slot = new HeldSlot(ports, options.slot, this.#reader);
    this.#recovery = new SinkRecovery(ports, options, this.#backlog, {
      show: (name, reason) => this.#show(name, reason),
      fail: (reason) => this.#fail(reason, this.#backlog.settled),
      settled: (reason) => board.settled(reason),
      resumeFrom: (point) => this.#reader.resumeFrom(point),
      refusal: () => this.#publisher.refusal(),
      assertHoldsSlot: (signal) => this.#slot.look(signal),
    });
    this.#watch = new StallWatch(
      ports.clock,
      options.sinkStallReleaseMs,
      {
        isStuck: () => this.#backlog.hasRecords,
        isOpening: () => this.#judge.waitsForSink || this.#recovery.isReopening,
        readingMs: () => ports.sink.readingMs,
        isUnconfirmed: () => this.#isUnconfirmed || !this.#reader.hasStarted,
        problem: () => this.#recovery.problem,
      },
      (error) => this.#finish(this.#recovery.refusal ?? error),
    );
  }

  get backlog(): Backlog {
    return this.#backlog;
  }

  get ladder(): Ladder {
    return this.#ladder;
  }

  get holdsSlot(): boolean {
    return this.#stamp.stream !== null;
  }

  /** Whether the stream is up, as far as is known. */
  get isConnected(): boolean {
    return this.holdsSlot && this.#reader.isOpen;
  }

  /** Whether Postgres lets us hear from it while it has nothing to send, as it does where it has a time-out. */
  get hearsKeepalives(): boolean {
    return this.holdsSlot && this.#reader.identity.walSenderTimeoutMs > 0;
  }

  /** The server's timeline; 0 until the stream is open. */
  get timeline(): number {
    return this.#stamp.stream?.timeline ?? 0;
  }

  /** The newest checkpoint known to be durable; null before the first. */
  get lastCheckpoint(): Progress | null {
    return this.#lastCheckpoint;
  }

  /** The row that this session could not publish, if that is what ended it or what it still holds at. */
  get rowFailure(): RelayError | null {
    return this.#recovery.refusal ?? this.end.rowFailure;
  }

  /** Where a halt that ended this session was met. */
  placeOf(error: RelayError): HaltPlace {
    return this.end.placeOf(error, this.#backlog);
  }

  /**
   * Takes the slot, publishes until `stop` is aborted, then drains and resolves. Rejects with the RelayError that ended
   * it, or with the bug that did. `started` is called once it reads on from the checkpoint. `backfill`: first the rows from
   * before the slot, which is made, or kept where the backfill made it before.
   */
  async run(stop: AbortSignal, started: () => void, backfill: BackfillSince = null): Promise<void> {
    const { database, observer } = this.#ports;
    const opened = await openSlotStream(this.#ports, this.#options, backfill, this.#reader, stop);
    this.#reader.attach(opened.stream, opened.backfill?.until ?? null);
    await database.release();
    const unsubscribe = database.onShutdown(() => this.#watch.serverIsShuttingDown());
    const drain = (): void => this.#drain();
    stop.addEventListener("abort", drain);
    try {
      observer.moment("stream-started");
      observer.leader("acquired");
      this.#stamp.attach({
        ...opened.stream.identity,
        slotSnapshot: opened.backfill?.watermark ?? null,
      });
      this.#watch.start();
      if (stop.aborted) drain();
      await this.#publish(opened, await this.#slotAtStart(opened, stop), started);
    } catch (error) {
      const { cause } = this.end;
      if (cause === null) throw error;
      this.#halts.hold(cause.error, this.#stamp.decision);
      await this.#halts.write((signal) => this.#slot.look(signal));
      throw this.#watch.explained(cause.error, [error, this.#recovery.failure]);
    } finally {
      stop.removeEventListener("abort", drain);
      unsubscribe();
      this.#watch.stop();
      this.#continuity.stop();
      await this.#hangUp();
    }
  }

  /** Read while we hold it, so that nobody can move it any more. A backfill begins with rows from before the slot. */
  #slotAtStart({ backfill }: OpenedStream, signal: AbortSignal): Promise<SlotFacts> {
    return backfill === null ? this.#slot.lookAtStart(signal) : this.#slot.look(signal);
  }

  /** Publishes until the session ends; an unknown outcome or a refused row does not end it. */
  async #publish(opened: OpenedStream, slot: SlotFacts, started: () => void): Promise<void> {
    const point = await this.#judge.start(opened, slot, this.end.signal);
    this.#watch.progressed();
    this.#reader.start(point);
    this.#board.passed("start");
    started();
    if (!point.isStored) this.#publisher.settleIdle();
    this.#show("streaming");
    while (!this.end.signal.aborted) await this.#publishOnce();
    if (this.end.cause !== null) throw this.end.cause.error;
  }

  async #publishOnce(): Promise<void> {
    // After a lost answer the checkpoint may cover all that was read before a refused row.
    this.#finishIfSettled();
    try {
      await this.#publisher.run(this.end.signal);
    } catch (error) {
      await this.#recovery.recover(error, this.end.signal);
    }
  }

  /** What came before the row is published first; then the session ends with the row's error. */
  #rowRefused(error: unknown): void {
    if (!(error instanceof RelayError)) return this.#finish(error);
    this.#fail(error, this.#backlog.read);
    this.#publisher.flush();
    this.end.await(error);
    this.#finishIfSettled();
  }

  /** What ends each stream at the same place must not keep back the rows before it: they may be gone from the tables by a repair. */
  #streamEnded(error: RelayError): void {
    if (error.remedy === "halt") this.#rowRefused(error);
    else this.#finish(error, true);
  }

  #drain(): void {
    this.#show("draining");
    this.#isDraining = true;
    this.#reader.drain();
    this.#publisher.flush();
    this.#cancelDeadline = this.#ports.clock.after(this.#options.shutdownTimeoutMs, () =>
      this.#finish(null),
    );
    this.end.await(null);
    this.#finishIfSettled();
  }

  #finishIfSettled(): void {
    if (this.end.isAwaited && !this.#isUnconfirmed) this.#finish(this.end.rowFailure);
  }

  #finish(error: unknown, isStreamLost = false): void {
    if (this.end.signal.aborted) return;
    this.#cancelDeadline();
    const { clock, sink } = this.#ports;
    this.#cancelDeadline = clock.after(LAST_BATCHES_MS, () => void sink.close());
    this.end.now(error, isStreamLost);
  }

  get #isUnconfirmed(): boolean {
    return this.#backlog.hasRecords || this.#backlog.idleBytes > 0;
  }

  async #hangUp(): Promise<void> {
    this.end.now(null);
    this.#cancelDeadline();
    await this.#reader.close();
    await this.#ports.sink.close();
  }

  /** A state of `draining` is not left. */
  #show(name: "streaming" | "draining", reason: RelayError | null = null): void {
    if (!this.#isDraining) this.#board.set(name, reason);
  }

  #fail(reason: RelayError, place: HaltPlace): void {
    if (!this.#isDraining) this.#board.fail(reason, place);
  }

  #settled(batch: Batch, times: BatchTimes): void {
    const { observer } = this.#ports;
    this.#watch.progressed();
    this.#recovery.progressed();
    this.#continuity.settled(coveredLsn(batch.progress));
    if (this.#stamp.endsBackfill(batch.progress)) observer.backfillEnded();
    this.#lastCheckpoint = batch.progress;
    this.#board.progressed(batch.progress);
    observer.moment("batch-settled");
    this.#reader.confirm(coveredLsn(batch.progress));
    const { parts, records, bytes } = batch;
    const durableAtMs = this.#ports.clock.wallMs();
    observer.published({ parts, events: records.length, bytes, ...times, durableAtMs });
    this.#finishIfSettled();
  }

  #newPublisher(): Publisher {
    const { sink, clock } = this.#ports;
    const { lingerMs, checkpointIntervalMs: idleIntervalMs } = this.#options;
    const options = {
      lingerMs,
      idleIntervalMs,
      idleBytesMax: IDLE_WAL_BYTES_MAX,
      checkpoint: (progress: Progress) => this.#stamp.encode(progress),
      assertLeading: (signal: AbortSignal) => this.#lease.assertHeld(signal),
    };
    return new Publisher(sink, this.#backlog, clock, options, {
      settled: (batch, times) => this.#settled(batch, times),
      failed: () => this.#ports.observer.unpublished(),
    });
  }
}
