import type { Answer, Check } from "../../relay/check.ts";
import { asked } from "../../relay/check.ts";
import type { Clock } from "../../relay/clock.ts";
import { RelayError } from "../../relay/errors.ts";
import type { Finding } from "../../relay/finding.ts";
import { apiVersionsRequest, readApiVersions } from "../api/api-versions.ts";
import { describeBrokerRequest, readTopicConfigs } from "../api/describe-configs.ts";
import type { BrokerAddress, BrokerChannel } from "../broker-channel.ts";
import { versionsFault } from "../broker-versions.ts";
import { CheckpointTopic } from "../checkpoint-topic.ts";
import { Cluster } from "../cluster.ts";
import { Fence } from "../fence.ts";
import type { KafkaPorts, KafkaSinkOptions } from "../kafka-sink-options.ts";
import { TopicAdmin } from "../topic-admin.ts";
import { transactionLogFault } from "../transaction-log.ts";
import {
  advertisedFinding,
  bootstrapFinding,
  timeoutFinding,
  tlsFinding,
} from "./broker-findings.ts";
import { TopicExaminer } from "./topic-examiner.ts";

const MAX_TIMEOUT = "transaction.max.timeout.ms";

export interface KafkaExpectations {
  /** RELAY_KAFKA_BROKERS. */
  readonly bootstrap: readonly string[];
  /** Null in plain text. */
  readonly tls: { readonly isInsecure: boolean } | null;
  /** Topics that rows in the outbox would go to. */
  readonly topics: readonly string[];
  /** Of the largest payload that was seen; 0 where none was. */
  readonly payloadBytesMax: number;
}

/** Asks Kafka all that decides whether the relay can publish; makes no topic, takes no id, writes nothing. */
export class KafkaDoctor {
  readonly #channel: BrokerChannel;
  readonly #channelTo: (address: string) => BrokerChannel;
  readonly #cluster: Cluster;
  readonly #fence: Fence;
  readonly #checkpointTopic: CheckpointTopic;
  readonly #topics: TopicExaminer;
  readonly #options: KafkaSinkOptions;
  #hasCheckpointTopic: boolean | null = null;

  /** `channelTo` makes a way to that one bootstrap broker only. */
  constructor(
    options: KafkaSinkOptions,
    { channel }: KafkaPorts,
    channelTo: (address: string) => BrokerChannel,
    clock: Clock,
  ) {
    this.#options = options;
    this.#channel = channel;
    this.#channelTo = channelTo;
    this.#cluster = new Cluster(channel, clock, options.requestTimeoutMs);
    this.#fence = new Fence(channel, this.#cluster, clock, options);
    const admin = new TopicAdmin(channel, this.#cluster, clock, options.requestTimeoutMs);
    const parts = { channel, cluster: this.#cluster, admin };
    const { checkpointTopic, checkpointReplicationFactor } = options;
    this.#checkpointTopic = new CheckpointTopic(
      checkpointTopic,
      parts,
      checkpointReplicationFactor,
    );
    this.#topics = new TopicExaminer(channel, this.#cluster, options);
  }

  /** Whether there is a checkpoint topic to read; null as long as Kafka has not said. */
  get hasCheckpointTopic(): boolean | null {
    return this.#hasCheckpointTopic;
  }

  async examine(expected: KafkaExpectations, signal: AbortSignal): Promise<readonly Check[]> {
    const { topics, payloadBytesMax } = expected;
    return [
      await asked(
        "bootstrap brokers",
        "one that does not answer is no help when the others are gone",
        () => this.#bootstrap(expected.bootstrap),
      ),
      encryption(expected),
      await asked("Kafka version", "older brokers lack the transactions that the relay uses", () =>
        this.#version(),
      ),
      await asked(
        "advertised brokers",
        "clients are sent to the addresses that brokers advertise",
        () => this.#brokers(),
      ),
      await asked("transactional ids", "they fence a relay that was taken for dead", () =>
        this.#transactionalIds(signal),
      ),
      await asked("transaction time-out", "brokers refuse a longer one than they allow", () =>
        this.#timeout(),
      ),
      await asked("checkpoint topic", "it says what was published, and must never be trimmed", () =>
        this.#checkpoint(),
      ),
      await asked("event topics", "an event whose topic cannot take it halts the relay", () =>
        this.#topics.answer(topics, payloadBytesMax),
      ),
    ];
  }

  close(): void {
    this.#channel.close();
  }

  async #bootstrap(addresses: readonly string[]): Promise<Answer> {
    const failed = await Promise.all(addresses.map((address) => this.#refusal(address)));
    const findings = failed.filter((finding) => finding !== null);
    const isAnyThere = findings.length < addresses.length;
    return {
      seen: `${addresses.length - findings.length} of ${addresses.length} answer`,
      findings: findings.map((finding) =>
        isAnyThere ? { ...finding, severity: "warning" } : finding,
      ),
    };
  }

  async #refusal(address: string): Promise<Finding | null> {
    const channel = this.#channelTo(address);
    try {
      const answer = await channel.request("any", "coordinator", apiVersionsRequest());
      const fault = versionsFault(readApiVersions(answer), address);
      return fault === null ? null : bootstrapFinding(address, fault);
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      return bootstrapFinding(address, error);
    } finally {
      channel.close();
    }
  }

  async #version(): Promise<Answer> {
    const { name } = await this.#fence.protocol();
    return { seen: `new enough, transaction protocol ${name}`, findings: [] };
  }

  async #brokers(): Promise<Answer> {
    const { brokers } = await this.#cluster.refresh([]);
    const findings = await Promise.all(brokers.map((broker) => this.#silent(broker)));
    const places = brokers.map(({ id, host, port }) => `${id} at ${host}:${port}`);
    return { seen: places.join(", "), findings: findings.filter((finding) => finding !== null) };
  }

  async #silent(broker: BrokerAddress): Promise<Finding | null> {
    try {
      await this.#channel.request(broker.id, "data", apiVersionsRequest());
      return null;
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      return advertisedFinding(broker, error);
    }
  }

  async #transactionalIds(signal: AbortSignal): Promise<Answer> {
    const fault = await transactionLogFault(this.#channel, false);
    if (fault !== null) throw fault;
    const ids = this.#fence.ours;
    for (const id of ids) await this.#cluster.coordinator(id, signal);
    return { seen: `${ids[0]} to ${ids.at(-1)}: each has a coordinator`, findings: [] };
  }

  async #timeout(): Promise<Answer> {
    const { brokers } = await this.#cluster.refresh([]);
    const broker = brokers[0]?.id ?? 0;
    const request = describeBrokerRequest(broker, [MAX_TIMEOUT]);
    const [config] = readTopicConfigs(await this.#channel.request(broker, "coordinator", request));
    const limit = config?.values.get(MAX_TIMEOUT);
    if (limit === undefined)
      return { seen: "the brokers do not let us see their limit", findings: [] };
    const { transactionTimeoutMs } = this.#options;
    return {
      seen: `${transactionTimeoutMs} ms, brokers allow ${limit} ms`,
      findings:
        transactionTimeoutMs > Number(limit) ? [timeoutFinding(transactionTimeoutMs, limit)] : [],
    };
  }

  async #checkpoint(): Promise<Answer> {
    const name = this.#checkpointTopic.name;
    const findings = await this.#checkpointTopic.inspect();
    this.#hasCheckpointTopic = findings !== null;
    if (findings === null) {
      return { seen: `${name} is not there; the relay makes it at its first start`, findings: [] };
    }
    const copies = await this.#topics.copies(name);
    return { seen: `${name}, ${copies.text}`, findings: [...findings, ...copies.findings] };
  }
}

function encryption({ bootstrap, tls }: KafkaExpectations): Check {
  const finding = tlsFinding(bootstrap, tls);
  return {
    title: "encryption to brokers",
    why: "events and passwords travel over it",
    seen:
      tls === null ? "plain text" : `TLS${tls.isInsecure ? ", anyone who answers" : ", verified"}`,
    findings: finding === null ? [] : [finding],
  };
}
