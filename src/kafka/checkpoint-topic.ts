import { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import { describeTopicsRequest, readTopicConfigs } from "./api/describe-configs.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { CHECKPOINT_SETTINGS } from "./checkpoint-settings.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import type { TopicAdmin } from "./topic-admin.ts";

const SETTINGS = ["cleanup.policy", "compression.type"] as const;

/** The compacted topic of one partition that holds this relay's checkpoint. */
export class CheckpointTopic {
  readonly name: string;
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #admin: TopicAdmin;
  readonly #replicationFactor: number;

  constructor(
    name: string,
    parts: { channel: BrokerChannel; cluster: Cluster; admin: TopicAdmin },
    replicationFactor: number,
  ) {
    this.name = name;
    this.#channel = parts.channel;
    this.#cluster = parts.cluster;
    this.#admin = parts.admin;
    this.#replicationFactor = replicationFactor;
  }

  /** Creates the topic when it is missing, and says what is wrong with it otherwise. */
  async ensure(signal: AbortSignal): Promise<readonly Finding[]> {
    const { topics } = await this.#cluster.refresh([this.name]);
    const error = topics[0]?.error ?? ERROR.unknownTopicOrPartition;
    if (error === ERROR.unknownTopicOrPartition) {
      await this.#create(signal);
    } else if (error !== ERROR.none && error !== ERROR.leaderNotAvailable) {
      throw kafkaError(`metadata of the checkpoint topic ${this.name}`, error, "retry");
    }
    await this.#cluster.awaitLeaders([this.name], signal);
    return this.#verify();
  }

  /** Waits until it has a leader. Rejects with RelayError CHECKPOINT_MISSING (retry) where it is gone: it is not made again here, a start does that and halts. */
  async awaitLeader(signal: AbortSignal): Promise<void> {
    try {
      await this.#cluster.awaitLeaders([this.name], signal);
    } catch (error) {
      const isAnswer = error instanceof RelayError && error.code === "KAFKA_ERROR";
      throw isAnswer && (await this.inspect()) === null
        ? checkpointTopicGone(this.name, error)
        : error;
    }
  }

  /** What is wrong with it; null when it does not exist yet. Changes nothing. */
  async inspect(): Promise<readonly Finding[] | null> {
    const { topics } = await this.#cluster.refresh([this.name]);
    const error = topics[0]?.error ?? ERROR.unknownTopicOrPartition;
    if (error === ERROR.unknownTopicOrPartition) return null;
    if (error !== ERROR.none) {
      throw kafkaError(`metadata of the checkpoint topic ${this.name}`, error, "retry");
    }
    return this.#verify();
  }

  async #create(signal: AbortSignal): Promise<void> {
    const topic = {
      topic: this.name,
      partitions: 1,
      replicationFactor: this.#replicationFactor,
      config: CHECKPOINT_SETTINGS,
    };
    const problem = (await this.#admin.create([topic], signal)).get(this.name);
    if (problem !== undefined) throw problem;
  }

  async #verify(): Promise<Finding[]> {
    const findings: Finding[] = [];
    const partitions = this.#cluster.partitions(this.name);
    if (partitions !== 1)
      findings.push(
        this.#wrong(
          `has ${partitions} partitions instead of one`,
          "delete it and let the relay create it",
        ),
      );
    const request = describeTopicsRequest([this.name], SETTINGS);
    const [config] = readTopicConfigs(await this.#channel.request("any", "coordinator", request));
    if (config === undefined || config.error !== ERROR.none) return findings; // Not ours to see: nothing to say.
    const policy = config.values.get("cleanup.policy");
    if (policy !== undefined && policy !== "compact") {
      findings.push(
        this.#wrong(
          `has cleanup.policy=${policy}, so the checkpoint would be deleted one day`,
          this.#alter("cleanup.policy=compact"),
        ),
      );
    }
    const compression = config.values.get("compression.type");
    if (compression !== undefined && compression !== "producer" && compression !== "uncompressed") {
      findings.push(
        this.#wrong(
          `has compression.type=${compression}`,
          this.#alter("compression.type=producer"),
        ),
      );
    }
    return findings;
  }

  #alter(setting: string): string {
    return `kafka-configs --bootstrap-server <broker> --alter --topic ${this.name} --add-config ${setting}`;
  }

  #wrong(problem: string, remedy: string): Finding {
    return {
      code: "CONFIG_CHECKPOINT_TOPIC",
      message: `the checkpoint topic ${this.name} (RELAY_CHECKPOINT_TOPIC) ${problem}`,
      hint: remedy,
      severity: "halt",
    };
  }
}

function checkpointTopicGone(name: string, cause: RelayError): RelayError {
  return new RelayError(
    `the checkpoint topic ${name} (RELAY_CHECKPOINT_TOPIC) was there and is gone`,
    {
      code: "CHECKPOINT_MISSING",
      remedy: "retry",
      hint: "Nothing is published and the slot keeps the WAL. Where the topic was lost, wait until the relay has halted with this code, and run outbox-relay slot adopt: it looks at Kafka for what is published.",
      cause,
    },
  );
}
