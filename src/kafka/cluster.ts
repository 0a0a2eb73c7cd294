import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { brokenAnswer } from "./api/answer.ts";
import { findCoordinatorRequest, readCoordinator } from "./api/find-coordinator.ts";
import type { Metadata, TopicMetadata } from "./api/metadata.ts";
import { metadataRequest, readMetadata } from "./api/metadata.ts";
import type { BrokerChannel, BrokerRequest } from "./broker-channel.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { LONG, Patience } from "./patience.ts";
import { transactionLogFault } from "./transaction-log.ts";

/** So long coordinators may be missing while they move. */
export const COORDINATOR_PATIENCE_MS = 3_000;
/** Leaders and coordinators move while brokers come and go; asking again soon is right. */
const MOVING: ReadonlySet<number> = new Set([
  ERROR.leaderNotAvailable,
  ERROR.notLeaderOrFollower,
  ERROR.coordinatorLoadInProgress,
  ERROR.coordinatorNotAvailable,
  ERROR.notCoordinator,
  ERROR.kafkaStorageError,
]);

/** Which broker leads what: metadata and coordinators, asked for when needed. */
export class Cluster {
  readonly #channel: BrokerChannel;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #topics = new Map<string, TopicMetadata>();
  #brokers = 0;

  /** `deadlineMs`: how long a leader or coordinator may be looked for before that is an error. */
  constructor(channel: BrokerChannel, clock: Clock, deadlineMs: number) {
    this.#channel = channel;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  get brokers(): number {
    return this.#brokers;
  }

  /** Asks about these topics, and only these, and remembers what the answer tells of those that can be used. */
  async refresh(topics: readonly string[]): Promise<Metadata> {
    const metadata = readMetadata(
      await this.#channel.request("any", "coordinator", metadataRequest(topics)),
    );
    this.#channel.setBrokers(metadata.brokers);
    this.#brokers = metadata.brokers.length;
    const answered = new Set(metadata.topics.map(({ topic }) => topic));
    const missing = topics.find((topic) => !answered.has(topic));
    if (missing !== undefined) throw brokenAnswer(`Metadata without topic ${missing}`);
    for (const topic of metadata.topics) {
      // An answer with an error says nothing about the partitions; what was known before stays.
      if (topic.error === ERROR.none) this.#topics.set(topic.topic, topic);
    }
    return metadata;
  }

  forget(topic: string): void {
    this.#topics.delete(topic);
  }

  /** Number of partitions; 0 when the topic is not known. */
  partitions(topic: string): number {
    return this.#topics.get(topic)?.partitions.length ?? 0;
  }

  /** Id of the broker that leads the partition; -1 when nobody is known to. */
  leader(topic: string, partition: number): number {
    return this.#topics.get(topic)?.partitions[partition]?.leader ?? -1;
  }

  /** Waits until every partition of these topics has a leader. */
  async awaitLeaders(topics: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#persist(signal, async () => {
      const metadata = await this.refresh(topics);
      const broken = metadata.topics.find(({ error }) => error !== ERROR.none);
      if (broken !== undefined)
        return kafkaError(`metadata of topic ${broken.topic}`, broken.error, "retry");
      const leaderless = metadata.topics.find((topic) =>
        topic.partitions.some(({ leader }) => leader < 0),
      );
      return leaderless === undefined ? null : noLeader(leaderless.topic);
    });
  }

  /** A transaction log that cannot work is the cause, as soon as coordinators are missing for some seconds. */
  async coordinator(transactionalId: string, signal: AbortSignal): Promise<number> {
    let broker = -1;
    const sinceMs = this.#clock.monotonicMs();
    const patienceMs = Math.min(COORDINATOR_PATIENCE_MS, this.#deadlineMs / 2);
    await this.#persist(signal, async () => {
      const request = findCoordinatorRequest(transactionalId);
      const answer = readCoordinator(await this.#channel.request("any", "coordinator", request));
      broker = answer.broker;
      if (answer.error === ERROR.none) return null;
      const isLong = this.#clock.monotonicMs() - sinceMs >= patienceMs;
      if (answer.error === ERROR.coordinatorNotAvailable && isLong) {
        const fault = await transactionLogFault(this.#channel, true);
        if (fault !== null) throw fault;
      }
      return kafkaError(`the coordinator look-up for ${transactionalId}`, answer.error, "retry");
    });
    return broker;
  }

  /** One partition's leader is asked, again after it moved; `read` takes the code from the answer. */
  async askLeader<T>(
    { topic, partition }: { readonly topic: string; readonly partition: number },
    request: BrokerRequest,
    read: (response: Buffer) => T & { readonly error: number },
    signal: AbortSignal,
  ): Promise<T & { readonly error: number }> {
    let answer: (T & { readonly error: number }) | null = null;
    await this.#persist(signal, async () => {
      if (this.leader(topic, partition) < 0) await this.refresh([topic]);
      const leader = this.leader(topic, partition);
      if (leader < 0) return noLeader(topic);
      answer = read(await this.#channel.request(leader, "coordinator", request));
      if (!MOVING.has(answer.error)) return null;
      await this.refresh([topic]);
      return kafkaError(`a request about topic ${topic}`, answer.error, "retry");
    });
    return answer as unknown as T & { readonly error: number };
  }

  /** Tries until `attempt` gives null; what it gives or throws at the deadline is thrown. */
  async #persist(signal: AbortSignal, attempt: () => Promise<RelayError | null>): Promise<void> {
    const patience = new Patience(this.#clock, this.#deadlineMs, signal, LONG);
    for (;;) {
      const problem = await attempt();
      if (problem === null) return;
      if (problem.remedy === "halt") throw problem;
      await patience.again(() => problem);
    }
  }
}

function noLeader(topic: string): RelayError {
  return new RelayError(`a partition of topic ${topic} has no leader`, {
    code: "KAFKA_NO_LEADER",
    remedy: "retry",
    hint: "Look for brokers that are down; the relay keeps trying.",
  });
}
