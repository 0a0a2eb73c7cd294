import { Backoff } from "./backoff.ts";
import { pause } from "./clock.ts";
import { RelayError } from "./errors.ts";
import { PoisonError } from "./event/poison.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import type { Backlog } from "./publish/backlog.ts";
import type { StartPoint } from "./start-position.ts";
import { resumePoint } from "./start-position.ts";

/** What the recovery needs of its session. */
export interface RecoveryTarget {
  show(name: "streaming", reason: RelayError | null): void;
  /** State `failed`, until something beyond what is durable now becomes durable, or `settled` is called. */
  fail(reason: RelayError): void;
  settled(reason: RelayError): void;
  /** The backlog starts over from a checkpoint that was just read. */
  resumeFrom(point: StartPoint): void;
  /** Why the oldest waiting record cannot go, or null when it can. */
  refusal(): RelayError | null;
  /** Rejects when the slot is not ours any more, or when that cannot be found out. */
  assertHoldsSlot(signal: AbortSignal): Promise<unknown>;
}

/**
 * Gets a session going again after its sink failed, with slot and rows in hand. The first try comes
 * at once; each further one without anything durable in between waits longer, and the reason stays
 * on show until something is durable again. What halts is for people and always waits for the longest
 * delay: two relays with one transactional id would take it from each other as fast as they can.
 */
export class SinkRecovery {
  readonly #ports: RelayPorts;
  readonly #options: RelayOptions;
  readonly #backlog: Backlog;
  readonly #target: RecoveryTarget;
  readonly #backoff: Backoff;
  #failures = 0;
  #isReopening = false;
  #refusal: RelayError | null = null;
  #problem: RelayError | null = null;
  /** The halt of an opening that is on show. */
  #shown: RelayError | null = null;

  constructor(ports: RelayPorts, options: RelayOptions, backlog: Backlog, target: RecoveryTarget) {
    this.#ports = ports;
    this.#options = options;
    this.#backlog = backlog;
    this.#target = target;
    this.#backoff = new Backoff(options.retry, ports.clock);
  }

  get isReopening(): boolean {
    return this.#isReopening;
  }

  /** What the sink failed with last since something became durable; null when it did not. */
  get failure(): RelayError | null {
    return this.#problem;
  }

  /** The refused row that holds the stream up; null when there is none. */
  get refusal(): RelayError | null {
    return this.#refusal;
  }

  /** What went wrong last since something became durable, in words; null when nothing did. */
  get problem(): string | null {
    if (this.#problem === null) return this.#ports.sink.lastFault;
    return `${this.#problem.code}: ${this.#problem.message}`;
  }

  /** Something became durable. */
  progressed(): void {
    this.#problem = null;
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#backoff.reset();
    if (this.#shown !== null) this.#target.settled(this.#shown);
    this.#shown = null;
    this.#target.show("streaming", null);
  }

  /** Resolves when publishing may go on, or when `signal` is aborted; rejects with what ends the session. */
  async recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (!(error instanceof RelayError)) throw error;
    this.#failed(error);
    if (error instanceof PoisonError) await this.#untilAccepted(error, signal);
    else if (error.remedy === "standby") throw error;
    else await this.#reopen(error, signal);
  }

  /**
   * Holds the stream while the oldest row is refused: the topic may be created, the limit raised. The refusal stays on show
   * until something is durable: what Kafka was asked about the row need not be what it answers to the row itself.
   */
  async #untilAccepted(poison: PoisonError, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(this.#options.retry, this.#ports.clock);
    this.#refusal = poison;
    while (this.#refusal !== null && !signal.aborted) {
      this.#target.fail(this.#refusal);
      await pause(this.#ports.clock, backoff.nextMs(), signal);
      this.#refusal = await this.#recheck(this.#refusal, signal);
    }
    this.#failures += 1;
    if (!signal.aborted && !this.#hasWork) this.progressed();
  }

  async #recheck(former: RelayError, signal: AbortSignal): Promise<RelayError | null> {
    const { first } = this.#backlog;
    if (first === null) return null;
    try {
      await this.#ports.sink.learn([first.topic], true, signal);
    } catch (error) {
      if (error instanceof RelayError) return former;
      throw error;
    }
    return this.#target.refusal();
  }

  /** After an unknown outcome: makes sure of the slot, fences, reads the checkpoint and goes on from it. */
  async #reopen(cause: RelayError, signal: AbortSignal): Promise<void> {
    let problem: RelayError | null = cause;
    this.#isReopening = true;
    while (problem !== null && !signal.aborted) {
      this.#tell(problem);
      await this.#wait(problem, signal);
      this.#failures += 1;
      if (!signal.aborted) problem = await this.#open(signal);
    }
    this.#isReopening = false;
    if (!signal.aborted && !this.#hasWork) this.progressed();
  }

  #tell(problem: RelayError): void {
    if (problem.remedy !== "halt") return this.#target.show("streaming", problem);
    this.#shown = problem;
    this.#target.fail(problem);
  }

  async #wait(problem: RelayError, signal: AbortSignal): Promise<void> {
    if (problem.remedy === "halt") {
      const delayMs = this.#backoff.jittered(this.#options.retry.maxMs);
      return pause(this.#ports.clock, delayMs, signal);
    }
    if (this.#failures > 0) await pause(this.#ports.clock, this.#backoff.nextMs(), signal);
  }

  /** Null when the sink is open again. */
  async #open(signal: AbortSignal): Promise<RelayError | null> {
    try {
      await this.#target.assertHoldsSlot(signal);
      const stored = await this.#ports.sink.open(signal);
      const { settled, read } = this.#backlog;
      const progress = resumePoint(stored, settled, read);
      this.#target.resumeFrom({ progress, isStored: stored !== null });
      return null;
    } catch (error) {
      if (!(error instanceof RelayError) || error.remedy === "standby") throw error;
      this.#failed(error);
      return error;
    }
  }

  #failed(error: RelayError): void {
    this.#problem = error;
    this.#ports.observer.error("sink", error);
  }

  get #hasWork(): boolean {
    return this.#backlog.hasRecords || this.#backlog.idleBytes > 0;
  }
}
