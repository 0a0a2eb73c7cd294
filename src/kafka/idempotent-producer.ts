import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { PartitionBatch } from "./api/produce.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR, isFenced } from "./error-code.ts";
import { indefinite, kafkaError } from "./kafka-error.ts";
import type { Round } from "./partition-share.ts";
import { stamped } from "./partition-share.ts";
import { refusedRecord } from "./refused-record.ts";
import type { TransactionalId } from "./transactional-id.ts";
import type { ProducerParts } from "./transactional-producer.ts";
import { FencedError, TopicChangedError } from "./transactional-producer.ts";

const RETRY_PAUSE_MS = 100;
/** The broker has not written the batch, or its sequence lets it tell a repetition. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ERROR.leaderNotAvailable,
  ERROR.notLeaderOrFollower,
  ERROR.notEnoughReplicas,
  ERROR.notEnoughReplicasAfterAppend,
  ERROR.kafkaStorageError,
]);

/**
 * At-least-once delivery: an idempotent producer without transactions, one batch at a time, so that a repetition
 * with the same sequence is recognised by the broker. Fail-stop like its transactional sister.
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
  #last: Promise<unknown> = Promise.resolve();

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

  /** The events first; the checkpoint only once all of them are acknowledged. */
  publish(events: readonly Round[], checkpoint: Round, next: () => void): Promise<void> {
    const queuedMs = this.#parts.clock.monotonicMs();
    const done = this.#last.then(() => this.#publish(events, checkpoint, queuedMs));
    this.#last = done;
    done.then(next, () => undefined);
    return done;
  }

  async #publish(events: readonly Round[], checkpoint: Round, queuedMs: number): Promise<void> {
    const { clock, observer, moment } = this.#parts;
    this.#assertEpochIsFresh();
    const turnMs = clock.monotonicMs();
    observer.stage("turn", turnMs - queuedMs);
    try {
      await this.#produce(events);
      const producedMs = clock.monotonicMs();
      observer.stage("produce", producedMs - turnMs);
      moment("produce-acked");
      await this.#produce([checkpoint]);
      observer.stage("checkpoint", clock.monotonicMs() - producedMs);
    } catch (error) {
      throw indefinite(error);
    }
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

  async #produce(rounds: readonly Round[]): Promise<void> {
    for (const round of rounds) await this.#persist(stamped(round, this.#id.sequences));
  }

  /** Sends until every partition has acknowledged, with the same sequences, up to the deadline. */
  async #persist(batches: readonly PartitionBatch[]): Promise<void> {
    const { clock } = this.#parts;
    const deadlineMs = clock.monotonicMs() + this.#limits.retryMs;
    let waiting = batches;
    for (let attempt = 0; ; attempt++) {
      let problem: RelayError;
      try {
        if (attempt > 0)
          await this.#cluster.refresh([...new Set(waiting.map(({ topic }) => topic))]);
        const [rest, error] = await this.#attempt(waiting);
        if (rest.length === 0) return;
        waiting = rest;
        problem = kafkaError(`Produce to ${rest[0]?.topic}`, error, "reopen");
      } catch (error) {
        if (!(error instanceof RelayError) || error.remedy !== "retry") throw error;
        problem = error;
      }
      if (clock.monotonicMs() >= deadlineMs) throw problem;
      await pause(clock, RETRY_PAUSE_MS, new AbortController().signal);
    }
  }

  /** What is still to be sent, and why. */
  async #attempt(batches: readonly PartitionBatch[]): Promise<[PartitionBatch[], number]> {
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
      if (RETRIABLE.has(error)) {
        reason = error;
        return true;
      }
      const refused = answer === undefined ? null : refusedRecord(batch, answer);
      throw refused ?? this.#failed(topic, partition, error);
    });
    return [rest, reason];
  }

  #failed(topic: string, partition: number, error: number): RelayError {
    const where = `Produce to ${topic}-${partition}`;
    if (isFenced(error)) {
      return new FencedError(`${where} with the epoch of ${this.#id.name}`, 0);
    }
    if (error === ERROR.unknownTopicOrPartition || error === ERROR.messageTooLarge) {
      return new TopicChangedError(topic, error);
    }
    return kafkaError(where, error, "reopen");
  }
}
