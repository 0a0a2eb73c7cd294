import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { ReservedTopics } from "../relay/event/reserved-topics.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { describeTopicsRequest, readTopicConfigs } from "./api/describe-configs.ts";
import type { TopicMetadata } from "./api/metadata.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { CHECKPOINT_SETTINGS, isMadeForCheckpoints } from "./checkpoint-settings.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR, errorName } from "./error-code.ts";
import type { HangUps } from "./hang-ups.ts";
import type { ProduceRefusal } from "./produce-refusal.ts";
import { LIMIT_SETTINGS, RecordLimit, recordTooLarge } from "./record-limit.ts";
import type { TopicAdmin } from "./topic-admin.ts";
import { isTopicName } from "./topic-name.ts";
import type { TopicRefusals } from "./topic-refusals.ts";
import { singleRecordBytes } from "./wire/record-batch.ts";

export interface TopicCreation {
  readonly partitions: number;
  /** -1: what the broker is set to. */
  readonly replicationFactor: number;
}

type Knowledge = ({ readonly limit: RecordLimit } | { readonly problem: RelayError }) & {
  /** Monotonic ms. */
  readonly learnedAtMs: number;
};

export interface TopicsParts {
  readonly channel: BrokerChannel;
  readonly cluster: Cluster;
  readonly admin: TopicAdmin;
  /** What brokers refused; it outlives what is known of the topics here. */
  readonly refusals: TopicRefusals;
  readonly hangUps: HangUps;
  readonly clock: Clock;
}

type FoundTopic = Pick<TopicMetadata, "topic" | "error" | "isInternal">;

const SETTINGS = [...new Set([...LIMIT_SETTINGS, ...Object.keys(CHECKPOINT_SETTINGS)])];
const UNKNOWN_LIMIT = new RecordLimit(new Map());

/** What is known of the topics that events go to: whether they can be written, and how large a batch may be. */
export class Topics {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #admin: TopicAdmin;
  readonly #autoCreate: TopicCreation | null;
  readonly #clock: Clock;
  readonly #ageMsMax: number;
  readonly #reserved: ReservedTopics;
  readonly #refusals: TopicRefusals;
  readonly #hangUps: HangUps;
  readonly #known = new Map<string, Knowledge>();

  constructor(
    parts: TopicsParts,
    options: {
      readonly checkpointTopic: string;
      readonly topicAutoCreate: TopicCreation | null;
      readonly metadataMaxAgeMs: number;
    },
  ) {
    this.#channel = parts.channel;
    this.#cluster = parts.cluster;
    this.#admin = parts.admin;
    this.#autoCreate = options.topicAutoCreate;
    this.#ageMsMax = options.metadataMaxAgeMs;
    this.#refusals = parts.refusals;
    this.#hangUps = parts.hangUps;
    this.#reserved = new ReservedTopics(options.checkpointTopic);
    this.#clock = parts.clock;
  }

  knows(topic: string): boolean {
    const known = this.#known.get(topic);
    return known !== undefined && this.#clock.monotonicMs() - known.learnedAtMs < this.#ageMsMax;
  }

  forget(topic: string): void {
    this.#known.delete(topic);
    this.#cluster.forget(topic);
  }

  /** Largest batch that the topic takes, bytes. */
  batchBytesMax(topic: string): number {
    return Math.min(this.#limit(topic).bytesMax, this.#refusals.batchBytesMax(topic));
  }

  refuse(record: OutboundRecord): RelayError | null {
    const { topic } = record;
    const known = this.#known.get(topic);
    if (known === undefined) return null;
    if ("problem" in known) return known.problem;
    const bytes = singleRecordBytes(record);
    if (bytes > known.limit.bytesMax) return recordTooLarge(topic, bytes, known.limit);
    return this.#refusals.recordProblem(topic, bytes) ?? this.#hangUps.recordProblem(bytes);
  }

  /** Learns from what a broker refused; returns the error that people are shown. */
  refused(refusal: ProduceRefusal): RelayError {
    const shown = this.#refusals.note(refusal, this.#limit(refusal.topic));
    this.forget(refusal.topic);
    return shown;
  }

  /** A batch became durable. */
  served(): void {
    this.#refusals.served();
  }

  #limit(topic: string): RecordLimit {
    const known = this.#known.get(topic);
    return known !== undefined && "limit" in known ? known.limit : UNKNOWN_LIMIT;
  }

  /** Nothing is asked or created about a topic that no row may go to. */
  async learn(topics: readonly string[], signal: AbortSignal): Promise<void> {
    const open: string[] = [];
    for (const topic of topics) {
      const reason = this.#reserved.reason(topic);
      if (reason === null) open.push(topic);
      else this.#refuseAll(topic, reservedTopic(topic, reason));
    }
    if (open.length > 0) await this.#learn(open, signal);
  }

  async #learn(topics: readonly string[], signal: AbortSignal): Promise<void> {
    let found = await this.#look(topics);
    const missing = found
      .filter(({ error }) => error === ERROR.unknownTopicOrPartition)
      .map(({ topic }) => topic);
    let uncreated: ReadonlyMap<string, RelayError> = new Map();
    if (missing.length > 0 && this.#autoCreate !== null) {
      const creation = this.#autoCreate;
      const wanted = missing.map((topic) => ({ topic, ...creation }));
      uncreated = await this.#admin.create(wanted, signal);
      const created = missing.filter((topic) => !uncreated.has(topic));
      if (created.length > 0) await this.#cluster.awaitLeaders(created, signal);
      found = await this.#look(topics);
    }
    await this.#remember(found, uncreated);
  }

  async #remember(
    found: readonly FoundTopic[],
    uncreated: ReadonlyMap<string, RelayError>,
  ): Promise<void> {
    const good: string[] = [];
    for (const one of found) {
      const problem = this.#problem(one, uncreated);
      if (problem === null) good.push(one.topic);
      else this.#refuseAll(one.topic, problem);
    }
    const settings = await this.#settings(good);
    const learnedAtMs = this.#clock.monotonicMs();
    for (const topic of good) {
      const values = settings.get(topic) ?? new Map<string, string>();
      if (isMadeForCheckpoints(this.#cluster.partitions(topic), values)) {
        this.#refuseAll(topic, reservedTopic(topic, "a relay made it for its own checkpoint"));
        continue;
      }
      const limit = new RecordLimit(values);
      this.#refusals.learned(topic, limit);
      this.#known.set(topic, { limit, learnedAtMs });
    }
  }

  #problem(
    { topic, error, isInternal }: FoundTopic,
    uncreated: ReadonlyMap<string, RelayError>,
  ): RelayError | null {
    if (isInternal)
      return reservedTopic(topic, "Kafka says that it is an internal topic of its own");
    if (error === ERROR.none || error === ERROR.leaderNotAvailable) {
      return this.#refusals.problem(topic);
    }
    return uncreated.get(topic) ?? topicProblem(topic, error);
  }

  #refuseAll(topic: string, problem: RelayError): void {
    this.#known.set(topic, { problem, learnedAtMs: this.#clock.monotonicMs() });
  }

  async #look(topics: readonly string[]): Promise<readonly FoundTopic[]> {
    const { topics: found } = await this.#cluster.refresh(topics.filter(isTopicName));
    const invalid = topics.filter((topic) => !isTopicName(topic));
    const error: number = ERROR.invalidTopic;
    return [...found, ...invalid.map((topic) => ({ topic, error, isInternal: false }))];
  }

  async #settings(
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    if (topics.length === 0) return new Map();
    const request = describeTopicsRequest(topics, SETTINGS);
    const configs = readTopicConfigs(await this.#channel.request("any", "coordinator", request));
    return new Map(configs.map(({ topic, values }) => [topic, values]));
  }
}

export function topicProblem(topic: string, error: number): RelayError {
  switch (error) {
    case ERROR.unknownTopicOrPartition:
      return new RelayError(`topic ${topic} does not exist`, {
        code: "TOPIC_MISSING",
        remedy: "halt",
        hint: `Create it (kafka-topics --bootstrap-server <broker> --create --topic ${topic} --partitions <n>), or set RELAY_TOPIC_AUTO_CREATE=true. The relay goes on by itself.`,
      });
    case ERROR.topicAuthorizationFailed:
      return new RelayError(`the relay may not write to topic ${topic}`, {
        code: "TOPIC_UNAUTHORIZED",
        remedy: "halt",
        hint: `Grant Write and Describe on topic ${topic} to the relay's principal. The relay goes on by itself.`,
      });
    default:
      return new RelayError(`topic ${JSON.stringify(topic)} cannot be used: ${errorName(error)}`, {
        code: "TOPIC_INVALID",
        remedy: "halt",
        hint: "Check RELAY_TOPIC_TEMPLATE and the routing column: letters, digits, dot, underscore and dash, at most 249 characters.",
      });
  }
}

/** A record of a row must not reach a topic by which a relay or Kafka is steered. */
export function reservedTopic(topic: string, reason: string): RelayError {
  return new RelayError(`no event may go to topic ${topic}: ${reason}`, {
    code: "TOPIC_INVALID",
    remedy: "halt",
    hint: "Find out who wrote the row: its route names a topic that is not for events. Let the row go elsewhere by RELAY_TOPIC_TEMPLATE, or correct it; docs/runbooks/TOPIC_INVALID.md has the steps.",
  });
}
