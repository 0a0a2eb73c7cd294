import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { ReservedTopics } from "../relay/event/reserved-topics.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { describeTopicsRequest, readTopicConfigs } from "./api/describe-configs.ts";
import type { TopicMetadata } from "./api/metadata.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR, errorName } from "./error-code.ts";
import type { TopicAdmin } from "./topic-admin.ts";
import { MESSAGE_BYTES_MAX_DEFAULT } from "./topic-facts.ts";
import { isTopicName } from "./topic-name.ts";
import { singleRecordBytes } from "./wire/record-batch.ts";

export interface TopicCreation {
  readonly partitions: number;
  /** -1: what the broker is set to. */
  readonly replicationFactor: number;
}

type Knowledge = ({ readonly batchBytesMax: number } | { readonly problem: RelayError }) & {
  /** Monotonic ms. */
  readonly learnedAtMs: number;
};

/** What is known of the topics that events go to: whether they can be written, and how large a batch may be. */
export class Topics {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #admin: TopicAdmin;
  readonly #autoCreate: TopicCreation | null;
  readonly #clock: Clock;
  readonly #ageMsMax: number;
  readonly #reserved: ReservedTopics;
  readonly #known = new Map<string, Knowledge>();

  constructor(
    channel: BrokerChannel,
    cluster: Cluster,
    admin: TopicAdmin,
    options: {
      readonly checkpointTopic: string;
      readonly topicAutoCreate: TopicCreation | null;
      readonly metadataMaxAgeMs: number;
    },
    clock: Clock,
  ) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#admin = admin;
    this.#autoCreate = options.topicAutoCreate;
    this.#ageMsMax = options.metadataMaxAgeMs;
    this.#reserved = new ReservedTopics(options.checkpointTopic);
    this.#clock = clock;
  }

  knows(topic: string): boolean {
    const known = this.#known.get(topic);
    return known !== undefined && this.#clock.monotonicMs() - known.learnedAtMs < this.#ageMsMax;
  }

  forget(topic: string): void {
    this.#known.delete(topic);
    this.#cluster.forget(topic);
  }

  forgetAll(): void {
    for (const topic of [...this.#known.keys()]) this.forget(topic);
  }

  /** Largest batch that the topic takes, bytes. */
  batchBytesMax(topic: string): number {
    const known = this.#known.get(topic);
    return known !== undefined && "batchBytesMax" in known
      ? known.batchBytesMax
      : MESSAGE_BYTES_MAX_DEFAULT;
  }

  refuse(record: OutboundRecord): RelayError | null {
    const known = this.#known.get(record.topic);
    if (known === undefined) return null;
    if ("problem" in known) return known.problem;
    const bytes = singleRecordBytes(record);
    return bytes <= known.batchBytesMax ? null : tooLarge(record.topic, bytes, known.batchBytesMax);
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
    const missing = found.filter(({ error }) => error === ERROR.unknownTopicOrPartition);
    if (missing.length > 0 && this.#autoCreate !== null) {
      await this.#create(
        missing.map(({ topic }) => topic),
        this.#autoCreate,
      );
      await this.#cluster.awaitLeaders(
        missing.map(({ topic }) => topic),
        signal,
      );
      found = await this.#look(topics);
    }
    const internal = found.filter(({ isInternal }) => isInternal);
    const good = found.filter(
      ({ error, isInternal }) =>
        !isInternal && (error === ERROR.none || error === ERROR.leaderNotAvailable),
    );
    const limits = await this.#limits(good.map(({ topic }) => topic));
    const learnedAtMs = this.#clock.monotonicMs();
    for (const { topic, error } of found) {
      const batchBytesMax = limits.get(topic);
      if (batchBytesMax !== undefined) this.#known.set(topic, { batchBytesMax, learnedAtMs });
      else this.#known.set(topic, { problem: topicProblem(topic, error), learnedAtMs });
    }
    for (const { topic } of internal) {
      this.#refuseAll(
        topic,
        reservedTopic(topic, "Kafka says that it is an internal topic of its own"),
      );
    }
  }

  #refuseAll(topic: string, problem: RelayError): void {
    this.#known.set(topic, { problem, learnedAtMs: this.#clock.monotonicMs() });
  }

  async #look(
    topics: readonly string[],
  ): Promise<readonly Pick<TopicMetadata, "topic" | "error" | "isInternal">[]> {
    const { topics: found } = await this.#cluster.refresh(topics.filter(isTopicName));
    const invalid = topics.filter((topic) => !isTopicName(topic));
    const error: number = ERROR.invalidTopic;
    return [...found, ...invalid.map((topic) => ({ topic, error, isInternal: false }))];
  }

  async #limits(topics: readonly string[]): Promise<Map<string, number>> {
    if (topics.length === 0) return new Map();
    const request = describeTopicsRequest(topics, ["max.message.bytes"]);
    const configs = readTopicConfigs(await this.#channel.request("any", "coordinator", request));
    const values = new Map(
      configs.map(({ topic, values: ofTopic }) => [topic, ofTopic.get("max.message.bytes")]),
    );
    return new Map(
      topics.map((topic) => [topic, Number(values.get(topic) ?? MESSAGE_BYTES_MAX_DEFAULT)]),
    );
  }

  async #create(topics: readonly string[], creation: TopicCreation): Promise<void> {
    await this.#admin.create(topics.map((topic) => ({ topic, ...creation })));
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

function tooLarge(topic: string, bytes: number, limit: number): RelayError {
  return new RelayError(
    `the record takes ${bytes} bytes, and topic ${topic} takes at most ${limit} (max.message.bytes)`,
    {
      code: "RECORD_TOO_LARGE",
      remedy: "halt",
      hint: `Raise it: kafka-configs --bootstrap-server <broker> --alter --topic ${topic} --add-config max.message.bytes=${bytes + 1024}. The relay goes on by itself.`,
    },
  );
}
