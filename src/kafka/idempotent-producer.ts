import { RelayError } from "../relay/errors.ts";
import type { PartitionBatch } from "./api/produce.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR, isFenced } from "./error-code.ts";
import { indefinite } from "./kafka-error.ts";
import type { Round } from "./partition-share.ts";
import { stamped } from "./partition-share.ts";
import { Patience } from "./patience.ts";
import { produceRefusal } from "./produce-refusal.ts";
import { ProduceWindow } from "./produce-window.ts";
import type { TransactionalId } from "./transactional-id.ts";
import type { ProducerParts } from "./transactional-producer.ts";
import { FencedError, REQUESTS_IN_FLIGHT_MAX } from "./transactional-producer.ts";

/** Between two tries of a batch. */
const RETRY_PAUSES = { firstMs: 100, maxMs: 500 };
/** The broker has not written the batch, or its sequence lets it tell a repetition. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ERROR.leaderNotAvailable,
  ERROR.notLeaderOrFollower,
  ERROR.notEnoughReplicas,
  ERROR.notEnoughReplicasAfterAppend,
  ERROR.kafkaStorageError,
]);

/** Where others are under way before it, a batch may find one of them missing. */
const AFTER_OTHERS: ReadonlySet<number> = new Set([...RETRIABLE, ERROR.outOfOrderSequenceNumber]);

/**
 * Resolves once both have. Without a value: that of `Promise.all` would hold the former one's, and so on, back to the
 * first round.
 */
function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  return Promise.all([first, second]).then(() => undefined);
}

/** A batch whose events have been sent, acknowledged or not. */
interface SentBatch {
  readonly acknowledged: Promise<void>;
  readonly startedMs: number;
}

/**
 * At-least-once delivery: an idempotent producer without transactions, with up to five requests under way. What is not
 * acknowledged goes out again in its order with the same sequences, by which the broker recognises what it has; it knows the
 * last five batches of a producer. Fail-stop like its transactional sister.
 *
 * Its identity is that of a transactional id although it opens no transaction: a successor gets a newer epoch, and a
 * partition that has seen that one refuses the older. So a predecessor that was frozen cannot put an older checkpoint
 * over the newer one. The coordinator forgets ids of which it hears nothing, so the identity is renewed now and then.
 */
export class IdempotentProducer {
  readonly #parts: ProducerParts;
  readonly #cluster: Cluster;
  readonly #id: TransactionalId;
  /** How long a batch is tried again, and how old the identity may get; ms. */
  readonly #limits: { readonly retryMs: number; readonly epochMs: number };
  readonly #openedAtMs: number;
  readonly #window = new ProduceWindow(REQUESTS_IN_FLIGHT_MAX);
  #lastSent: Promise<unknown> = Promise.resolve();
  #lastDone: Promise<unknown> = Promise.resolve();
  /** Resolves once all rounds that were sent so far are acknowledged. */
  #lastRound: Promise<void> = Promise.resolve();

  constructor(
    parts: ProducerParts,
    cluster: Cluster,
    id: TransactionalId,
    limits: { readonly retryMs: number; readonly epochMs: number },
  ) {
    this.#parts = parts;
    this.#cluster = cluster;
    this.#id = id;
    this.#limits = limits;
    this.#openedAtMs = parts.clock.monotonicMs();
  }

  /** The events first; the checkpoint only once all of them are acknowledged. `next`: all events are under way. */
  publish(events: readonly Round[], checkpoint: Round, next: () => void): Promise<void> {
    const queuedMs = this.#parts.clock.monotonicMs();
    const sent = this.#lastSent.then(() => this.#sendEvents(events, queuedMs));
    this.#lastSent = sent;
    sent.then(next, () => undefined);
    const done = Promise.all([sent, this.#lastDone]).then(([batch]) =>
      this.#complete(batch, checkpoint),
    );
    this.#lastDone = done;
    done.catch(() => undefined);
    return done;
  }

  async #sendEvents(events: readonly Round[], queuedMs: number): Promise<SentBatch> {
    const { clock, observer } = this.#parts;
    this.#assertEpochIsFresh();
    const startedMs = clock.monotonicMs();
    observer.stage("turn", startedMs - queuedMs);
    try {
      for (const round of events) await this.#send(round);
    } catch (error) {
      throw indefinite(error);
    }
    return { acknowledged: this.#lastRound, startedMs };
  }

  async #complete({ acknowledged, startedMs }: SentBatch, checkpoint: Round): Promise<void> {
    const { clock, observer, moment } = this.#parts;
    try {
      await acknowledged;
      const producedMs = clock.monotonicMs();
      observer.stage("produce", producedMs - startedMs);
      moment("produce-acked");
      await this.#persist(stamped(checkpoint, this.#id.sequences));
      observer.stage("checkpoint", clock.monotonicMs() - producedMs);
    } catch (error) {
      throw indefinite(error);
    }
  }

  /** Resolves when the round is on its way. */
  #send(round: Round): Promise<void> {
    const batches = stamped(round, this.#id.sequences);
    return this.#window.add(batches, (isAlone) => {
      const before = this.#lastRound;
      const acknowledged = isAlone ? this.#persist(batches) : this.#deliver(batches, before);
      this.#lastRound = both(before, acknowledged);
      this.#lastRound.catch(() => undefined);
      return acknowledged;
    });
  }

  /** What is refused for now waits until everything before it is acknowledged, and goes out again then. */
  async #deliver(batches: readonly PartitionBatch[], before: Promise<void>): Promise<void> {
    let rest = batches;
    try {
      [rest] = await this.#attempt(batches, AFTER_OTHERS);
    } catch (error) {
      if (!(error instanceof RelayError) || error.remedy !== "retry") throw error;
    }
    if (rest.length === 0) return;
    await before;
    await this.#persist(rest, true);
  }

  /** A successor must find the transactional id known, or it gets another producer id and our epoch is not below its. */
  #assertEpochIsFresh(): void {
    const ageMs = this.#parts.clock.monotonicMs() - this.#openedAtMs;
    if (ageMs < this.#limits.epochMs) return;
    throw new RelayError("it is time to renew the epoch that keeps former relays out", {
      code: "KAFKA_EPOCH_RENEWAL",
      remedy: "reopen",
      hint: "Nothing to do: the relay opens again and goes on.",
    });
  }

  /** Sends until every partition has acknowledged, with the same sequences, up to the deadline. */
  async #persist(batches: readonly PartitionBatch[], isAgain = false): Promise<void> {
    const { clock, signal } = this.#parts;
    const patience = new Patience(clock, this.#limits.retryMs, signal, RETRY_PAUSES);
    let waiting = batches;
    for (let attempt = isAgain ? 1 : 0; ; attempt++) {
      let problem: RelayError;
      try {
        if (attempt > 0)
          await this.#cluster.refresh([...new Set(waiting.map(({ topic }) => topic))]);
        const [rest, error] = await this.#attempt(waiting, RETRIABLE);
        const [first] = rest;
        if (first === undefined) return;
        waiting = rest;
        problem = produceRefusal(first, { error, refusedIndex: null });
      } catch (error) {
        if (!(error instanceof RelayError) || error.remedy !== "retry") throw error;
        problem = error;
      }
      await patience.again(() => problem);
    }
  }

  /** What is still to be sent, and why; throws for a refusal that is not `retriable`. */
  async #attempt(
    batches: readonly PartitionBatch[],
    retriable: ReadonlySet<number>,
  ): Promise<[PartitionBatch[], number]> {
    const answers = await this.#parts.round.send(batches, {
      apiVersion: 11,
      transactionalId: null,
      identity: this.#id.identity,
      timeoutMs: this.#parts.requestTimeoutMs,
    });
    let reason: number = ERROR.none;
    const rest = batches.filter((batch) => {
      const { topic, partition } = batch;
      const answer = answers.find((one) => one.topic === topic && one.partition === partition);
      const error = answer?.error ?? -1;
      if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;
      if (retriable.has(error)) {
        reason = error;
        return true;
      }
      if (isFenced(error)) {
        const where = `Produce to ${topic}-${partition}`;
        throw new FencedError(`${where} with the epoch of ${this.#id.name}`, 0);
      }
      throw produceRefusal(batch, answer ?? { error, refusedIndex: null });
    });
    return [rest, reason];
  }
}
