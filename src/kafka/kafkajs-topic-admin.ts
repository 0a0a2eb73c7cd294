import type { ITopicConfig } from "kafkajs";
import { Kafka } from "kafkajs";
import { RelayError } from "../relay/errors.ts";
import { connectionFault } from "./connection-fault.ts";
import type { ConnectionOptions } from "./kafkajs-config.ts";
import { kafkajsConfig } from "./kafkajs-config.ts";
import type { NewTopic, TopicAdmin } from "./topic-admin.ts";

/** Topics made by the admin client of kafkajs, over a connection of its own each time. */
export class KafkajsTopicAdmin implements TopicAdmin {
  readonly #connection: ConnectionOptions;

  constructor(connection: ConnectionOptions) {
    this.#connection = connection;
  }

  async create(topics: readonly NewTopic[]): Promise<void> {
    const admin = new Kafka(kafkajsConfig(this.#connection)).admin();
    try {
      await admin.connect();
      await admin.createTopics({ topics: topics.map(topicConfig) });
    } catch (error) {
      if (!isExistingTopic(error)) throw this.#explain(error);
    } finally {
      await admin.disconnect();
    }
  }

  /** What keeps us out of the brokers is no matter of topics. */
  #explain(error: unknown): RelayError {
    const where = this.#connection.brokers.join(", ");
    const causes = [error, (error as { readonly cause?: unknown }).cause];
    const faults = causes
      .filter((cause) => cause instanceof Error)
      .map((cause) => connectionFault(cause, where, this.#connection));
    return faults.find(({ code }) => code !== "KAFKA_UNREACHABLE") ?? adminFailed(error);
  }
}

function topicConfig({
  topic,
  partitions,
  replicationFactor,
  config = {},
}: NewTopic): ITopicConfig {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  return { topic, numPartitions: partitions, replicationFactor, configEntries };
}

function isExistingTopic(error: unknown): boolean {
  const { errors = [], type } = error as { errors?: readonly { type?: string }[]; type?: string };
  const types = errors.length > 0 ? errors.map((one) => one.type) : [type];
  return types.every((one) => one === "TOPIC_ALREADY_EXISTS");
}

function adminFailed(cause: unknown): RelayError {
  const { errors = [] } = cause as { errors?: readonly Error[] };
  const reason = errors[0]?.message ?? (cause instanceof Error ? cause.message : String(cause));
  return new RelayError(`a topic could not be created: ${reason}`, {
    code: "KAFKA_TOPIC_CREATION",
    remedy: "retry",
    hint: "Create it by hand with kafka-topics, or grant Create on the cluster to the relay's principal.",
    cause,
  });
}
