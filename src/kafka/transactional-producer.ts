import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import type { PartitionAdded } from "./api/add-partitions.ts";
import { addPartitionsRequest, readAddPartitions, refusedPartition } from "./api/add-partitions.ts";
import { endTxnV2Request, endTxnV5Request, readEndTxnV2, readEndTxnV5 } from "./api/end-txn.ts";
import type { PartitionAnswer, PartitionBatch } from "./api/produce.ts";
import { byTopic } from "./api/produce.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { isUnanswered } from "./connection-fault.ts";
import { ERROR, isFenced } from "./error-code.ts";
import { indefinite, kafkaError, transactionUnfinished } from "./kafka-error.ts";
import type { Round } from "./partition-share.ts";
import { stamped, withHead } from "./partition-share.ts";
import { Patience } from "./patience.ts";
import { produceRefusal } from "./produce-refusal.ts";
import type { ProduceRound } from "./produce-round.ts";
import { ProduceWindow } from "./produce-window.ts";
import type { TransactionalId } from "./transactional-id.ts";

/** What brokers allow an idempotent producer, for each connection. */
export const REQUESTS_IN_FLIGHT_MAX = 5;

export type TransactionProtocol = "v1" | "v2";

/** How far a transaction is. */
interface Turn {
  /** All of it is acknowledged, and its EndTxn is on its way. */
  readonly ending: Promise<void>;
  /** Its EndTxn has answered success. */
  readonly ended: Promise<void>;
}

export interface ProducerParts {
  readonly channel: BrokerChannel;
  readonly round: ProduceRound;
  readonly clock: Clock;
  readonly moment: AnnounceMoment;
  readonly observer: SinkObserver;
  /** How long one thing is asked for again, and a broker may take for a Produce. */
  readonly requestTimeoutMs: number;
  /** Aborted when nobody waits any more: then nothing is sent again. */
  readonly signal: AbortSignal;
}

/**
 * Transactions over several ids in turn, which hides the time that brokers need to write markers.
 *
 * Invariants: a Produce goes out only once all of the transaction before it is acknowledged and its EndTxn is on its way,
 * and an EndTxn only once the one before it has answered success. So all partitions hold the transactions in order, at
 * most two are open, and a record of the later one proves that the earlier one is complete. The relay that takes over commits
 * that one first (`LeftCommit`), so that never more than one is aborted. Where it could not, nothing overlaps.
 * That is for consumers on kafkajs 2.2.4: brokers list aborted transactions by their ends, it takes that for the
 * order of their beginnings, and shows records of an aborted one where two overlap.
 * Fail-stop: after one failure everything later rejects too, and the object is thrown away.
 */
export class TransactionalProducer {
  readonly #parts: ProducerParts;
  readonly #protocol: TransactionProtocol;
  readonly #ids: readonly TransactionalId[];
  readonly #overlaps: boolean;
  #turns = 0;
  #last: Turn = { ending: Promise.resolve(), ended: Promise.resolve() };

  /** `overlaps`: a transaction may be produced while the one before it commits; for three ids or more. */
  constructor(
    parts: ProducerParts,
    protocol: TransactionProtocol,
    ids: readonly TransactionalId[],
    overlaps: boolean,
  ) {
    this.#parts = parts;
    this.#protocol = protocol;
    this.#ids = ids;
    this.#overlaps = overlaps;
  }

  /** One transaction; resolves when it is committed. Rejects with RelayError. `next`: the next one may be handed over. */
  publish(rounds: readonly Round[], next: () => void): Promise<void> {
    const id = this.#ids[this.#turns % this.#ids.length] as TransactionalId;
    this.#turns += 1;
    const ending = Promise.withResolvers<void>();
    const ended = this.#run(id, rounds, this.#last, ending.resolve);
    ended.then(ending.resolve, ending.reject);
    this.#last = { ending: ending.promise, ended };
    (this.#overlaps ? ending.promise : ended).then(next, () => undefined);
    ending.promise.catch(() => undefined);
    return ended;
  }

  async #run(
    id: TransactionalId,
    rounds: readonly Round[],
    before: Turn,
    ending: () => void,
  ): Promise<void> {
    const { clock, observer } = this.#parts;
    const queuedMs = clock.monotonicMs();
    await (this.#overlaps ? before.ending : before.ended);
    const turnMs = clock.monotonicMs();
    observer.stage("turn", turnMs - queuedMs);
    await this.#produce(id, rounds);
    const producedMs = clock.monotonicMs();
    observer.stage("produce", producedMs - turnMs);
    await before.ended;
    await this.#end(id, ending);
    observer.stage("checkpoint", clock.monotonicMs() - producedMs);
  }

  async #produce(id: TransactionalId, rounds: readonly Round[]): Promise<void> {
    id.openedAtMs = this.#parts.clock.monotonicMs();
    const window = new ProduceWindow(REQUESTS_IN_FLIGHT_MAX);
    try {
      const isV1 = this.#protocol === "v1";
      const inTurn = isV1 ? rounds : withHead(rounds);
      const batches = inTurn.map((round) => stamped(round, id.sequences));
      if (isV1) {
        await this.#addPartitions(id, rounds.flat());
        window.begin(batches.flat());
      }
      for (const round of batches) {
        await window.add(round, (isAlone) => this.#produceRound(id, round, isAlone));
      }
      await window.empty();
    } catch (error) {
      throw indefinite(error);
    }
    this.#parts.moment("produce-acked");
  }

  async #addPartitions(id: TransactionalId, round: Round): Promise<void> {
    const partitions = new Map(
      [...byTopic(round)].map(([topic, ofTopic]) => [
        topic,
        [...new Set(ofTopic.map((share) => share.partition))],
      ]),
    );
    const request = addPartitionsRequest(id.name, id.identity, partitions);
    const patience = this.#patience();
    for (;;) {
      const answer = await this.#parts.channel.request(id.coordinator, "coordinator", request);
      const refused = refusedPartition(round, readAddPartitions(answer));
      if (refused === null) return;
      if (refused.error !== ERROR.concurrentTransactions) throw this.#notAdded(id, round, refused);
      await patience.again(() => transactionUnfinished("AddPartitionsToTxn", id.name));
    }
  }

  /** Named after the rows that were to go to the partition that is not added. */
  #notAdded(
    id: TransactionalId,
    round: Round,
    { topic, partition, error }: PartitionAdded,
  ): RelayError {
    const share = round.find((one) => one.topic === topic && one.partition === partition);
    if (share === undefined || isFenced(error))
      return this.#failed(id, "AddPartitionsToTxn", error);
    const answer = { error, refusedIndex: null };
    return produceRefusal({ ...share, sequence: 0 }, answer, "AddPartitionsToTxn");
  }

  async #produceRound(
    id: TransactionalId,
    batches: readonly PartitionBatch[],
    isAlone: boolean,
  ): Promise<void> {
    let waiting = batches;
    const patience = this.#patience();
    for (;;) {
      const answers = await this.#parts.round.send(waiting, {
        apiVersion: this.#protocol === "v2" ? 12 : 11,
        transactionalId: id.name,
        identity: id.identity,
        timeoutMs: this.#parts.requestTimeoutMs,
      });
      waiting = waiting.filter((batch) => this.#isBusy(id, batch, answers, isAlone));
      const [first] = waiting;
      if (first === undefined) return;
      const where = `Produce to ${first.topic}-${first.partition}`;
      await patience.again(() => transactionUnfinished(where, id.name));
    }
  }

  /**
   * Whether nothing was written because the id's former transaction is still being ended, and it may be sent again
   * because nothing later is under way; throws for any other refusal.
   */
  #isBusy(
    id: TransactionalId,
    batch: PartitionBatch,
    answers: readonly PartitionAnswer[],
    isAlone: boolean,
  ): boolean {
    const { topic, partition } = batch;
    const answer = answers.find((one) => one.topic === topic && one.partition === partition);
    const error = answer?.error ?? -1;
    if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;
    if (error === ERROR.concurrentTransactions && isAlone) return true;
    if (isFenced(error)) throw this.#fenced(id, `Produce to ${topic}-${partition}`);
    throw produceRefusal(batch, answer ?? { error, refusedIndex: null });
  }

  /** `sent` is called once the EndTxn is on its way. */
  async #end(id: TransactionalId, sent: () => void): Promise<void> {
    setImmediate(() => this.#parts.moment("end-sent"));
    try {
      if (this.#protocol === "v1") await this.#endV1(id, sent);
      else await this.#endV2(id, sent);
    } catch (error) {
      throw indefinite(error);
    }
    id.openedAtMs = null;
    this.#parts.moment("end-acked");
  }

  /** Never repeated: a late EndTxn of this version can end another transaction. */
  async #endV1(id: TransactionalId, sent: () => void): Promise<void> {
    const request = endTxnV2Request(id.name, id.identity);
    const error = readEndTxnV2(
      await this.#parts.channel.request(id.coordinator, "coordinator", request, sent),
    );
    if (error !== ERROR.none) throw this.#failed(id, "EndTxn", error);
  }

  /** The epoch makes a repetition a definite answer: one over a new connection is allowed. */
  async #endV2(id: TransactionalId, sent: () => void): Promise<void> {
    const request = endTxnV5Request(id.name, id.identity);
    const patience = this.#patience();
    let hasRepeated = false;
    for (;;) {
      try {
        const answer = readEndTxnV5(
          await this.#parts.channel.request(id.coordinator, "coordinator", request, sent),
        );
        if (answer.error === ERROR.none) return id.renew(answer);
        // Aborted with the next epoch, which is what a time-out does, and one who takes the id over.
        if (answer.error === ERROR.invalidTxnState) throw this.#fenced(id, "EndTxn");
        if (answer.error !== ERROR.concurrentTransactions)
          throw this.#failed(id, "EndTxn", answer.error);
        await patience.again(() => transactionUnfinished("EndTxn", id.name));
      } catch (error) {
        if (!isUnanswered(error) || hasRepeated) throw error;
        hasRepeated = true;
      }
    }
  }

  /** For as long as brokers write the markers of the id's former transaction. */
  #patience(): Patience {
    const { clock, requestTimeoutMs, signal } = this.#parts;
    return new Patience(clock, requestTimeoutMs, signal);
  }

  #failed(id: TransactionalId, where: string, error: number): RelayError {
    if (isFenced(error)) return this.#fenced(id, where);
    return kafkaError(where, error, "reopen");
  }

  #fenced(id: TransactionalId, where: string): FencedError {
    return new FencedError(
      `${where} with transactional id ${id.name}`,
      id.ageMs(this.#parts.clock.monotonicMs()),
    );
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

/** The same, where the transaction was open for longer than brokers let it be; null where it was not. */
export function transactionTimedOut(fenced: FencedError, timeoutMs: number): RelayError | null {
  const { message, transactionAgeMs } = fenced;
  if (transactionAgeMs < timeoutMs) return null;
  const age = Math.round(transactionAgeMs);
  const text = `${message}: the transaction was open for ${age} ms, longer than RELAY_TRANSACTION_TIMEOUT (${timeoutMs} ms)`;
  return new RelayError(text, {
    code: "FENCED",
    remedy: "reopen",
    hint: "Brokers take too long for a batch: look at their latency, and for a client quota (relay_kafka_throttle_seconds_total). The relay goes on with smaller batches by itself; where that is not enough, raise RELAY_TRANSACTION_TIMEOUT.",
    cause: fenced,
  });
}
