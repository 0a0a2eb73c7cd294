import type {
  PublishedEvent,
  PublishedEvents,
  TailReport,
} from "../relay/backfill/published-events.ts";
import type { Clock } from "../relay/clock.ts";
import { allTopicsRequest, readMetadata } from "./api/metadata.ts";
import { askAgain } from "./ask-again.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { Cluster } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { PartitionEvents } from "./partition-events.ts";
import { PartitionReader } from "./partition-reader.ts";
import { PartitionTail } from "./partition-tail.ts";
import { TopicFacts } from "./topic-facts.ts";
import { isTopicName } from "./topic-name.ts";

export interface PublishedEventsOptions {
  /** How long a leader that is away is looked for before reading ends with an error, ms. */
  readonly requestTimeoutMs: number;
  /** How long somebody's open transaction may keep the end of a partition undecided, ms. */
  readonly undecidedMsMax: number;
}

type Found = (event: PublishedEvent) => void;

/**
 * Reads from Kafka what is published already: one partition after the other, one fetch at a time, so that it holds one
 * answer (4 MB, or one batch where that is larger) and one decompressed batch. Writes nothing and fences nobody.
 */
export class KafkaPublishedEvents implements PublishedEvents {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #options: PublishedEventsOptions;

  /** `channel`: best one of its own, for KafkaSink hangs up on all brokers when it opens. */
  constructor(channel: BrokerChannel, clock: Clock, options: PublishedEventsOptions) {
    this.#channel = channel;
    this.#cluster = new Cluster(channel, clock, options.requestTimeoutMs);
    this.#clock = clock;
    this.#options = options;
  }

  since(
    topics: readonly string[],
    sinceMs: number,
    found: Found,
    signal: AbortSignal,
  ): Promise<TailReport> {
    return this.#readAll(topics, found, signal, (tail, take) => tail.since(sinceMs, take, signal));
  }

  async after(
    topicPattern: RegExp,
    position: string,
    found: Found,
    signal: AbortSignal,
  ): Promise<TailReport> {
    const topics = (await this.#userTopics(signal)).filter(
      (name) => name.search(topicPattern) >= 0,
    );
    return this.#readAll(topics, found, signal, (tail, take) => tail.after(position, take, signal));
  }

  async #readAll(
    topics: readonly string[],
    found: Found,
    signal: AbortSignal,
    isCutShort: (tail: PartitionTail, take: Found) => Promise<boolean>,
  ): Promise<TailReport> {
    let records = 0;
    const cutShort: string[] = [];
    const take: Found = (event) => {
      records += 1;
      found(event);
    };
    const hangUp = (): void => this.#channel.close();
    signal.addEventListener("abort", hangUp, { once: true });
    try {
      for (const tail of await this.#tails(topics, signal)) {
        if (await isCutShort(tail, take)) cutShort.push(tail.name);
      }
      return { records, cutShort };
    } finally {
      signal.removeEventListener("abort", hangUp);
      // Asked once in a long while: connections that stay open would keep a process alive that is done.
      this.#channel.close();
    }
  }

  /** Of the topics that exist. */
  async #tails(topics: readonly string[], signal: AbortSignal): Promise<PartitionTail[]> {
    const names = [...new Set(topics)].filter(isTopicName);
    if (names.length === 0) return [];
    const { requestTimeoutMs, undecidedMsMax } = this.#options;
    const metadata = await askAgain(this.#clock, requestTimeoutMs, signal, () =>
      this.#cluster.refresh(names),
    );
    const facts = new TopicFacts(this.#channel, this.#clock, requestTimeoutMs);
    return metadata.topics.flatMap(({ topic, error, partitions }) => {
      if (error === ERROR.unknownTopicOrPartition) return [];
      if (error !== ERROR.none) throw kafkaError(`metadata of topic ${topic}`, error, "retry");
      return partitions.map(({ partition }) => {
        const place = { topic, partition };
        const patience = { throttledMs: requestTimeoutMs, unreachableMs: requestTimeoutMs };
        const reader = new PartitionReader(this.#cluster, this.#clock, place, patience);
        const events = new PartitionEvents(reader, facts, this.#clock, requestTimeoutMs);
        return new PartitionTail(reader, events, facts, undecidedMsMax);
      });
    });
  }

  /** All but those of Kafka itself. */
  async #userTopics(signal: AbortSignal): Promise<string[]> {
    const answer = await askAgain(this.#clock, this.#options.requestTimeoutMs, signal, () =>
      this.#channel.request("any", "coordinator", allTopicsRequest()),
    );
    const { topics } = readMetadata(answer);
    return topics.filter(({ isInternal }) => !isInternal).map(({ topic }) => topic);
  }
}
