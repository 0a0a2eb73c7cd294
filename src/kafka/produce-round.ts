import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import type {
  PartitionAnswer,
  PartitionBatch,
  ProduceAnswer,
  ProduceOptions,
} from "./api/produce.ts";
import { produceRequest, readProduce, requestBytesMax } from "./api/produce.ts";
import type { BrokerChannel, BrokerRequest } from "./broker-channel.ts";
import type { Cluster } from "./cluster.ts";
import { isUnanswered } from "./connection-fault.ts";
import { openingGivenUp } from "./kafka-error.ts";
import { LostProduce } from "./lost-produce.ts";
import type { AttemptOutcome } from "./produce-attempt.ts";
import { attemptOutcome, UNANSWERED } from "./produce-attempt.ts";
import type { Throttles } from "./throttles.ts";
import type { RecordBatchEncoder } from "./wire/record-batch.ts";
import { RequestMemory } from "./wire/request-memory.ts";

export interface ProduceRoundParts {
  readonly channel: BrokerChannel;
  readonly cluster: Cluster;
  readonly encoder: RecordBatchEncoder;
  readonly clock: Clock;
  readonly moment: AnnounceMoment;
  readonly observer: SinkObserver;
  readonly requestTimeoutMs: number;
  /** Records the pauses that brokers ask for. */
  readonly throttles: Throttles;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** Sends record batches to the brokers that lead their partitions, one request for each broker. */
export class ProduceRound {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #encoder: RecordBatchEncoder;
  readonly #memory = new RequestMemory();
  readonly #clock: Clock;
  readonly #moment: AnnounceMoment;
  readonly #observer: SinkObserver;
  /** A broker mutes us for as long as it asks us to wait (KIP-219): longer than an answer may take makes no sense. */
  readonly #throttleMsMax: number;
  readonly #signal: AbortSignal;
  /** Brokers that asked us to wait, until when on the monotonic clock (KIP-219). */
  readonly #throttledUntilMs = new Map<number, number>();
  readonly #lastThrottle = new Map<number, Promise<void>>();
  readonly #throttles: Throttles;

  constructor(parts: ProduceRoundParts) {
    this.#channel = parts.channel;
    this.#cluster = parts.cluster;
    this.#encoder = parts.encoder;
    this.#clock = parts.clock;
    this.#moment = parts.moment;
    this.#observer = parts.observer;
    this.#throttleMsMax = parts.requestTimeoutMs;
    this.#signal = parts.signal;
    this.#throttles = parts.throttles;
  }

  /**
   * Resolves once every broker has answered, with exactly one answer for each batch. Rejects with the
   * first failure when all requests have ended: then batches of that broker may be written or not.
   */
  async send(
    batches: readonly PartitionBatch[],
    options: ProduceOptions,
  ): Promise<PartitionAnswer[]> {
    const byLeader = this.#byLeader(batches);
    let answered = 0;
    const requests = [...byLeader].map(async ([leader, ofLeader]) => {
      const answers = await this.#ask(leader, ofLeader, options);
      answered += 1;
      if (answered === 1) this.#moment("produce-answered");
      return answers;
    });
    setImmediate(() => this.#moment("produce-sent"));
    const settled = await Promise.allSettled(requests);
    return settled.flatMap((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  #byLeader(batches: readonly PartitionBatch[]): Map<number, PartitionBatch[]> {
    const groups = new Map<number, PartitionBatch[]>();
    for (const batch of batches) {
      const leader = this.#cluster.leader(batch.topic, batch.partition);
      if (leader < 0) throw leaderless(batch);
      const group = groups.get(leader);
      if (group === undefined) groups.set(leader, [batch]);
      else group.push(batch);
    }
    return groups;
  }

  async #ask(
    leader: number,
    batches: readonly PartitionBatch[],
    options: ProduceOptions,
  ): Promise<readonly PartitionAnswer[]> {
    await this.#throttle(leader);
    const memory = this.#memory.take(requestBytesMax(batches));
    const request = produceRequest(this.#encoder, batches, options, memory);
    const answer = await this.#request(leader, request, batches);
    this.#memory.giveBack(memory);
    this.#throttles.note(leader, "data", "Produce", answer.throttleMs);
    if (answer.throttleMs > 0) {
      const delayMs = Math.min(answer.throttleMs, this.#throttleMsMax);
      this.#throttledUntilMs.set(leader, this.#clock.monotonicMs() + delayMs);
    }
    verifyComplete(batches, answer.partitions);
    return answer.partitions;
  }

  async #request(
    leader: number,
    request: BrokerRequest,
    batches: readonly PartitionBatch[],
  ): Promise<ProduceAnswer> {
    const sentMs = this.#clock.monotonicMs();
    let outcome: AttemptOutcome = UNANSWERED;
    try {
      const answer = readProduce(await this.#channel.request(leader, "data", request));
      outcome = attemptOutcome(answer.partitions);
      return answer;
    } catch (error) {
      if (!(error instanceof RelayError) || !isUnanswered(error)) throw error;
      const bytes = request.payload.length;
      throw new LostProduce(error, error.remedy, { leader, rows: batches, bytes });
    } finally {
      const durationMs = this.#clock.monotonicMs() - sentMs;
      this.#observer.attempted({ ...outcome, durationMs });
    }
  }

  /** One after the other: a request that overtook another would come with a sequence too early. */
  #throttle(leader: number): Promise<void> {
    const before = this.#lastThrottle.get(leader) ?? Promise.resolve();
    const waited = before.then(() => this.#wait(leader));
    this.#lastThrottle.set(leader, waited);
    return waited;
  }

  async #wait(leader: number): Promise<void> {
    const untilMs = this.#throttledUntilMs.get(leader);
    if (untilMs === undefined) return;
    this.#throttledUntilMs.delete(leader);
    const delayMs = untilMs - this.#clock.monotonicMs();
    if (delayMs <= 0) return;
    this.#observer.throttled(delayMs);
    await pause(this.#clock, delayMs, this.#signal);
    if (this.#signal.aborted) throw openingGivenUp(this.#throttles.of(leader, "data"));
  }
}

/** The answer must name exactly the partitions that were sent: a missing one may not be written. */
function verifyComplete(
  batches: readonly PartitionBatch[],
  answers: readonly PartitionAnswer[],
): void {
  const answered = new Set(answers.map(({ topic, partition }) => `${topic}-${partition}`));
  const isComplete =
    answers.length === batches.length &&
    batches.every(({ topic, partition }) => answered.has(`${topic}-${partition}`));
  if (isComplete) return;
  throw new RelayError(
    `Kafka answered for ${answers.length} partitions of ${batches.length} that were sent`,
    {
      code: "KAFKA_INCOMPLETE_ANSWER",
      remedy: "reopen",
      hint: "The relay goes on by itself; if it lasts, look at what stands between relay and broker.",
    },
  );
}

function leaderless({ topic, partition }: PartitionBatch): RelayError {
  return new RelayError(`partition ${partition} of topic ${topic} has no leader`, {
    code: "KAFKA_NO_LEADER",
    remedy: "reopen",
    hint: "Look for brokers that are down; the relay keeps trying.",
  });
}
