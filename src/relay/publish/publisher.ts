import type { Clock } from "../clock.ts";
import { PoisonError } from "../event/poison.ts";
import type { Progress } from "../progress.ts";
import type { Backlog } from "./backlog.ts";
import type { Batch } from "./batch.ts";
import type { Sink } from "./sink.ts";
import { Waker } from "./waker.ts";

export interface PublisherOptions {
  /** How long the first record of a batch waits for others, ms. */
  readonly lingerMs: number;
  /** Progress without records becomes a checkpoint after this time, ms, ... */
  readonly idleIntervalMs: number;
  /** ... or once it would free this much WAL. */
  readonly idleBytesMax: number;
  /** The checkpoint record that goes with a batch. */
  readonly checkpoint: (progress: Progress) => Uint8Array;
  /** Asked right before a batch is handed to the sink: rejects when this relay may publish no more. */
  readonly assertLeading: (signal: AbortSignal) => Promise<void>;
}

export interface BatchTimes {
  /** From the first record until the batch was handed over; 0 without records. */
  readonly queuedMs: number;
  /** From handing it over until it was durable. */
  readonly durationMs: number;
}

export interface PublisherEvents {
  /** The batch is durable, and the backlog knows. */
  settled(batch: Batch, times: BatchTimes): void;
  /** The sink rejected a batch. */
  failed(): void;
}

/**
 * Takes batches from the backlog to the sink, several in flight, in order.
 *
 * `run` goes on until `signal` is aborted, and rejects when it must stop: with the sink's error
 * (remedy `reopen`, `standby` or `halt`) once nothing is in flight any more, or with PoisonError once
 * everything before the poisoned row is durable. The backlog keeps what was not settled.
 */
export class Publisher {
  readonly #sink: Sink;
  readonly #backlog: Backlog;
  readonly #clock: Clock;
  readonly #options: PublisherOptions;
  readonly #events: PublisherEvents;
  readonly #waker: Waker;
  /** What the run ends with; in a box, because anything can be thrown. */
  #failure: { readonly error: unknown } | null = null;
  #outstanding = 0;
  /** What the sink has in hand, so that it could not begin with another batch. */
  #sinkHolds: Batch | null = null;
  #isFlushing = false;
  #isIdleWanted = false;
  #lastSettledMs: number;

  constructor(
    sink: Sink,
    backlog: Backlog,
    clock: Clock,
    options: PublisherOptions,
    events: PublisherEvents,
  ) {
    this.#sink = sink;
    this.#backlog = backlog;
    this.#clock = clock;
    this.#options = options;
    this.#events = events;
    this.#waker = new Waker(clock);
    this.#lastSettledMs = clock.monotonicMs();
  }

  /** Something changed in the backlog. */
  wake(): void {
    this.#waker.wake();
  }

  /** From now on nothing lingers. */
  flush(): void {
    this.#isFlushing = true;
    this.#waker.wake();
  }

  /** Progress without records is to become a checkpoint at once: Postgres waits for it. */
  settleIdle(): void {
    this.#isIdleWanted = true;
    this.#waker.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#failure = null;
    this.#sinkHolds = null;
    const wake = (): void => this.#waker.wake();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted && this.#failure === null) await this.#step(signal);
    } finally {
      signal.removeEventListener("abort", wake);
      await this.#waker.until(() => this.#outstanding === 0);
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #step(signal: AbortSignal): Promise<void> {
    const dueAtMs = this.#dueAtMs();
    if (dueAtMs > this.#clock.monotonicMs()) return this.#waker.wait(dueAtMs);
    const batch = this.#backlog.take();
    this.#isIdleWanted = false;
    if (batch === null) return;
    const admitted = await this.#admit(batch, signal);
    if (admitted !== null) this.#send(admitted);
  }

  /** Monotonic ms at which the next batch may go; infinite while a commit must come first. */
  #dueAtMs(): number {
    if (this.#sinkHolds !== null || this.#backlog.inFlight >= this.#sink.inFlightMax)
      return Infinity;
    const due = this.#backlog.dueAtMs(this.#isFlushing ? 0 : this.#options.lingerMs);
    if (due !== null) return due;
    const { idleBytes } = this.#backlog;
    if (idleBytes <= 0) return Infinity;
    const isWanted = this.#isFlushing || this.#isIdleWanted;
    if (isWanted || idleBytes >= this.#options.idleBytesMax) return 0;
    return this.#lastSettledMs + this.#options.idleIntervalMs;
  }

  /** The part of the batch that the sink takes; null when the run ended meanwhile. */
  async #admit(batch: Batch, signal: AbortSignal): Promise<Batch | null> {
    try {
      await this.#learn(batch, signal);
      await this.#options.assertLeading(signal);
    } catch (error) {
      this.#backlog.putBack(batch);
      this.#failure ??= { error };
      return null;
    }
    if (signal.aborted || this.#failure !== null) {
      this.#backlog.putBack(batch);
      return null;
    }
    const refused = batch.records.findIndex((record) => this.#sink.refuse(record) !== null);
    if (refused < 0) return this.#cutInTime(batch);
    if (refused > 0) return this.#backlog.cutTaken(batch, refused);
    this.#backlog.putBack(batch);
    await this.#waker.until(() => this.#outstanding === 0);
    const refusal = this.refusal();
    if (refusal !== null) this.#failure ??= { error: refusal };
    return null;
  }

  /** As much of the batch as the sink makes durable in time, one record at least. */
  #cutInTime(batch: Batch): Batch {
    const { batchBytesMax } = this.#sink;
    const count =
      batch.bytes <= batchBytesMax ? batch.records.length : batch.countOf(batchBytesMax);
    return count < batch.records.length ? this.#backlog.cutTaken(batch, count) : batch;
  }

  async #learn(batch: Batch, signal: AbortSignal): Promise<void> {
    const unknown = new Set<string>();
    for (const { topic } of batch.parts) if (!this.#sink.knows(topic)) unknown.add(topic);
    if (unknown.size > 0) await this.#sink.learn([...unknown], false, signal);
  }

  /** Why the oldest waiting record cannot go, or null when it can. */
  refusal(): PoisonError | null {
    const record = this.#backlog.first;
    if (record === null || !this.#sink.knows(record.topic)) return null;
    const problem = this.#sink.refuse(record);
    return problem === null ? null : new PoisonError(record, problem);
  }

  #send(batch: Batch): void {
    const startedMs = this.#clock.monotonicMs();
    this.#outstanding += 1;
    this.#sinkHolds = batch;
    const { records, progress } = batch;
    const checkpoint = this.#options.checkpoint(progress);
    this.#sink
      .publish({ records, checkpoint }, () => this.#handedOver(batch))
      .then(
        () => this.#settle(batch, startedMs),
        (error: unknown) => this.#fail(error),
      );
  }

  #handedOver(batch: Batch): void {
    if (this.#sinkHolds !== batch) return;
    this.#sinkHolds = null;
    this.#waker.wake();
  }

  #settle(batch: Batch, startedMs: number): void {
    this.#outstanding -= 1;
    this.#handedOver(batch);
    try {
      const nowMs = this.#clock.monotonicMs();
      this.#lastSettledMs = nowMs;
      this.#backlog.settle(batch);
      const isEmpty = batch.records.length === 0;
      const queuedMs = isEmpty ? 0 : Math.max(0, startedMs - batch.openedAtMs);
      this.#events.settled(batch, { queuedMs, durationMs: nowMs - startedMs });
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#waker.wake();
  }

  #fail(error: unknown): void {
    this.#outstanding -= 1;
    this.#failure ??= { error };
    this.#events.failed();
    this.#waker.wake();
  }
}
