import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";

/** Of a sink in front of a model cluster: exactly once, whatever has a default at it. */
export const MODEL_SINK_OPTIONS: KafkaSinkOptions = {
  slot: "slot",
  instanceId: "instance",
  checkpointTopic: "checkpoints",
  checkpointReplicationFactor: -1,
  delivery: "exactly-once",
  transactionalIdPrefix: "relay",
  transactionalIdFormer: null,
  transactionalIds: 3,
  transactionTimeoutMs: 60_000,
  transactionProtocol: "auto",
  codec: null,
  topicAutoCreate: null,
  requestBytesMax: 524_288,
  requestTimeoutMs: 200,
  batchMsMax: 30_000,
  epochMaxAgeMs: 60_000,
  metadataMaxAgeMs: 60_000,
};
