import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import { addPartitionsRequest, readAddPartitions } from "./api/add-partitions.ts";
import { endTxnV2Request, endTxnV5Request, readEndTxnV2, readEndTxnV5 } from "./api/end-txn.ts";
import type { PartitionAnswer, PartitionBatch } from "./api/produce.ts";
import { byTopic } from "./api/produce.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { ERROR, isFenced } from "./error-code.ts";
import { indefinite, kafkaError } from "./kafka-error.ts";
import type { PartitionShare } from "./partition-share.ts";
import { batchesOfRound, countRounds } from "./partition-share.ts";
import type { ProduceRound } from "./produce-round.ts";
import { refusedRecord } from "./refused-record.ts";
import type { TransactionalId } from "./transactional-id.ts";

/** Between two tries while a broker still writes the markers of the id's former transaction. */
const BUSY_PAUSE_MS = 2;

export type TransactionProtocol = "v1" | "v2";

export interface ProducerParts {
  readonly channel: BrokerChannel;
  readonly round: ProduceRound;
  readonly clock: Clock;
  readonly moment: AnnounceMoment;
  readonly observer: SinkObserver;
  readonly requestTimeoutMs: number;
}

/**
 * Transactions over several ids in turn, which hides the time that brokers need to write markers.
 *
 * Invariants: a Produce goes out only after the EndTxn of the transaction before it answered success, so that all
 * partitions hold the transactions in order, and never more than one of them can still be aborted.
 * The latter is for consumers on kafkajs 2.2.4: brokers list aborted transactions by their ends, it takes that for the
 * order of their beginnings, and shows records of an aborted one where two overlap.
 * Fail-stop: after one failure everything later rejects too, and the object is thrown away.
 */
export class TransactionalProducer {
  readonly #parts: ProducerParts;
  readonly #protocol: TransactionProtocol;
  readonly #ids: readonly TransactionalId[];
  #turn = 0;
  #lastEnded: Promise<unknown> = Promise.resolve();

  constructor(
    parts: ProducerParts,
    protocol: TransactionProtocol,
    ids: readonly TransactionalId[],
  ) {
    this.#parts = parts;
    this.#protocol = protocol;
    this.#ids = ids;
  }

  /** One transaction; resolves when it is committed. Rejects with RelayError. */
  publish(shares: readonly PartitionShare[]): Promise<void> {
    const id = this.#ids[this.#turn % this.#ids.length] as TransactionalId;
    this.#turn += 1;
    const ended = this.#run(id, shares, this.#lastEnded);
    this.#lastEnded = ended;
    ended.catch(() => undefined);
    return ended;
  }

  async #run(
    id: TransactionalId,
    shares: readonly PartitionShare[],
    before: Promise<unknown>,
  ): Promise<void> {
    const { clock, observer } = this.#parts;
    const queuedMs = clock.monotonicMs();
    await before;
    const turnMs = clock.monotonicMs();
    observer.stage("turn", turnMs - queuedMs);
    await this.#produce(id, shares);
    const producedMs = clock.monotonicMs();
    observer.stage("produce", producedMs - turnMs);
    await this.#end(id);
    observer.stage("checkpoint", clock.monotonicMs() - producedMs);
  }

  async #produce(id: TransactionalId, shares: readonly PartitionShare[]): Promise<void> {
    id.openedAtMs = this.#parts.clock.monotonicMs();
    try {
      if (this.#protocol === "v1") await this.#addPartitions(id, shares);
      const rounds = countRounds(shares);
      for (let round = 0; round < rounds; round++) await this.#produceRound(id, shares, round);
    } catch (error) {
      throw indefinite(error);
    }
    this.#parts.moment("produce-acked");
  }

  async #addPartitions(id: TransactionalId, shares: readonly PartitionShare[]): Promise<void> {
    const partitions = new Map(
      [...byTopic(shares)].map(([topic, ofTopic]) => [
        topic,
        ofTopic.map((share) => share.partition),
      ]),
    );
    const request = addPartitionsRequest(id.name, id.identity, partitions);
    for (;;) {
      const answer = await this.#parts.channel.request(id.coordinator, "coordinator", request);
      const errors = readAddPartitions(answer);
      const bad = errors.find(
        (error) => error !== ERROR.none && error !== ERROR.operationNotAttempted,
      );
      if (bad === undefined && errors.length > 0 && errors.every((error) => error === ERROR.none))
        return;
      if (bad !== ERROR.concurrentTransactions)
        throw this.#failed(id, "AddPartitionsToTxn", bad ?? -1);
      await this.#busy();
    }
  }

  async #produceRound(
    id: TransactionalId,
    shares: readonly PartitionShare[],
    round: number,
  ): Promise<void> {
    let waiting = batchesOfRound(shares, round, id.sequences);
    while (waiting.length > 0) {
      const answers = await this.#parts.round.send(waiting, {
        apiVersion: this.#protocol === "v2" ? 12 : 11,
        transactionalId: id.name,
        identity: id.identity,
        timeoutMs: this.#parts.requestTimeoutMs,
      });
      waiting = waiting.filter((batch) => this.#isBusy(id, batch, answers));
      if (waiting.length > 0) await this.#busy();
    }
  }

  /** Whether nothing was written because the id's former transaction is still being ended; throws for any other refusal. */
  #isBusy(
    id: TransactionalId,
    batch: PartitionBatch,
    answers: readonly PartitionAnswer[],
  ): boolean {
    const { topic, partition } = batch;
    const answer = answers.find((one) => one.topic === topic && one.partition === partition);
    const error = answer?.error ?? -1;
    if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;
    if (error === ERROR.concurrentTransactions) return true;
    const refused = answer === undefined ? null : refusedRecord(batch, answer);
    if (refused !== null) throw refused;
    throw this.#failed(id, `Produce to ${topic}-${partition}`, error, topic);
  }

  async #end(id: TransactionalId): Promise<void> {
    setImmediate(() => this.#parts.moment("end-sent"));
    try {
      if (this.#protocol === "v1") await this.#endV1(id);
      else await this.#endV2(id);
    } catch (error) {
      throw indefinite(error);
    }
    id.openedAtMs = null;
    this.#parts.moment("end-acked");
  }

  /** Never repeated: a late EndTxn of this version can end another transaction. */
  async #endV1(id: TransactionalId): Promise<void> {
    const request = endTxnV2Request(id.name, id.identity);
    const error = readEndTxnV2(
      await this.#parts.channel.request(id.coordinator, "coordinator", request),
    );
    if (error !== ERROR.none) throw this.#failed(id, "EndTxn", error);
  }

  /** The epoch makes a repetition a definite answer: one over a new connection is allowed. */
  async #endV2(id: TransactionalId): Promise<void> {
    const request = endTxnV5Request(id.name, id.identity);
    let hasRepeated = false;
    for (;;) {
      try {
        const answer = readEndTxnV5(
          await this.#parts.channel.request(id.coordinator, "coordinator", request),
        );
        if (answer.error === ERROR.none) return id.renew(answer);
        // Aborted with the next epoch, which is what a time-out does, and one who takes the id over.
        if (answer.error === ERROR.invalidTxnState) throw this.#fenced(id, "EndTxn");
        if (answer.error !== ERROR.concurrentTransactions)
          throw this.#failed(id, "EndTxn", answer.error);
        await this.#busy();
      } catch (error) {
        const isLost = error instanceof RelayError && error.code === "KAFKA_UNREACHABLE";
        if (!isLost || hasRepeated) throw error;
        hasRepeated = true;
      }
    }
  }

  #busy(): Promise<void> {
    return pause(this.#parts.clock, BUSY_PAUSE_MS, new AbortController().signal);
  }

  #failed(id: TransactionalId, where: string, error: number, topic?: string): RelayError {
    if (isFenced(error)) return this.#fenced(id, where);
    if (topic !== undefined && TOPIC_CHANGED.has(error)) return new TopicChangedError(topic, error);
    return kafkaError(where, error, "reopen");
  }

  #fenced(id: TransactionalId, where: string): FencedError {
    return new FencedError(
      `${where} with transactional id ${id.name}`,
      id.ageMs(this.#parts.clock.monotonicMs()),
    );
  }
}

const TOPIC_CHANGED: ReadonlySet<number> = new Set([
  ERROR.unknownTopicOrPartition,
  ERROR.messageTooLarge,
  ERROR.recordListTooLarge,
]);

/** What was known of the topic holds no more: it must be looked at again. */
export class TopicChangedError extends RelayError {
  readonly topic: string;

  constructor(topic: string, error: number) {
    const { message, code, hint } = kafkaError(`Produce to ${topic}`, error, "reopen");
    super(message, { code, remedy: "reopen", hint });
    this.topic = topic;
  }
}

/** The broker has seen a newer epoch of one of our transactional ids. */
export class FencedError extends RelayError {
  /** How old the open transaction was, ms; 0 when none was open. */
  readonly transactionAgeMs: number;

  constructor(where: string, transactionAgeMs: number) {
    super(`Kafka fenced ${where}`, {
      code: "FENCED",
      remedy: "reopen",
      hint: "Another relay has taken over.",
    });
    this.transactionAgeMs = transactionAgeMs;
  }
}
