import type { BrokerChannel } from "./broker-channel.ts";
import type { TopicCreation } from "./topics.ts";
import type { Codec } from "./wire/compress/codec.ts";

/** The way to the brokers. */
export interface KafkaPorts {
  readonly channel: BrokerChannel;
}

export interface KafkaSinkOptions {
  /** What one Produce takes, about. */
  readonly requestBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly slot: string;
  readonly instanceId: string;
  readonly checkpointTopic: string;
  /** -1: what the broker is set to. */
  readonly checkpointReplicationFactor: number;
  readonly delivery: "exactly-once" | "at-least-once";
  readonly transactionalIdPrefix: string;
  /** A prefix from before, or `none`: see `FormerIdOptions`. */
  readonly transactionalIdFormer: string | null;
  readonly transactionalIds: number;
  readonly transactionTimeoutMs: number;
  readonly transactionProtocol: "auto" | "v1" | "v2";
  /** Of batches of events; null: they stay plain. */
  readonly codec: Codec | null;
  readonly topicAutoCreate: TopicCreation | null;
  /** A batch that takes longer makes the next ones smaller, ms. */
  readonly batchMsMax: number;
  /** How long an epoch serves without transactions; well below `transactional.id.expiration.ms` of the brokers. */
  readonly epochMaxAgeMs: number;
  /** How long what is known of a topic counts before it is looked at again, ms. */
  readonly metadataMaxAgeMs: number;
}

export interface SinkStatus {
  readonly reachable: boolean;
  /** In the cluster, as last seen. */
  readonly brokers: number;
  /** Of them with an open connection. */
  readonly connected: number;
}
