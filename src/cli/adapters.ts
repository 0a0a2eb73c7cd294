import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { withoutTlsParameters } from "../config/database-tls.ts";
import type { KafkaSasl, TokenSource } from "../config/kafka-security.ts";
import { NONE } from "../config/kinds.ts";
import type { Config } from "../config/schema.ts";
import type { KafkaSinkOptions } from "../kafka/kafka-sink-options.ts";
import type { ConnectionOptions, KafkaSaslOptions } from "../kafka/kafkajs-config.ts";
import { ClientCredentialsTokens } from "../kafka/sasl/client-credentials.ts";
import { givenToken } from "../kafka/sasl/given-token.ts";
import type { TokenProvider } from "../kafka/sasl/token-provider.ts";
import type { MetricsOptions } from "../ops/metrics/metrics.ts";
import type { SlotAlarmOptions } from "../ops/slot-alarms.ts";
import type { SlotMonitorOptions } from "../ops/slot-monitor.ts";
import { systemClock } from "../ops/system-clock.ts";
import type { PostgresOptions, ReplicationSourceOptions } from "../postgres/replication-source.ts";
import type { SourceDatabaseOptions } from "../postgres/source-database.ts";
import { parseTableName } from "../postgres/table-name.ts";
import type { TlsOptions } from "../postgres/tls.ts";
import type { OutboxColumnNames } from "../relay/event/outbox-table.ts";
import type { RelayOptions } from "../relay/options.ts";
import { LOOK_INTERVAL_MS } from "../relay/options.ts";
import { formatShard } from "../relay/shard.ts";
import { chosenCodec } from "./compression.ts";

/** What the core gets of the settings. */
export function relayOptions(config: Config): RelayOptions {
  const { outbox, batch, retry } = config;
  return {
    slot: config.slot.name,
    slotCreate: config.slot.create,
    snapshot: config.snapshot,
    instance: config.instanceId,
    outbox: {
      tables: outbox.tables.map(plainTableName),
      columns: columnNames(config),
      topicTemplate: config.topic.template,
    },
    shard: config.shard === null ? null : formatShard(config.shard),
    configFingerprint: fingerprint([
      config.publication.name,
      ...outbox.tables,
      ...(config.shard === null ? [] : [formatShard(config.shard), outbox.columns.key]),
    ]),
    statusIntervalMs: config.statusIntervalMs,
    batchEventsMax: batch.maxEvents,
    batchBytesMax: batch.maxBytes,
    lingerMs: batch.lingerMs,
    bufferBytesMax: config.bufferMaxBytes,
    checkpointIntervalMs: config.checkpoint.intervalMs,
    lookIntervalMs: LOOK_INTERVAL_MS,
    sinkStallReleaseMs: config.sinkStallReleaseMs,
    standbyPollIntervalMs: config.standbyPollIntervalMs,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    retry: { initialMs: retry.initialMs, maxMs: retry.maxMs, jitter: retry.jitter },
  };
}

/** Brokers forget an idle transactional id after a week unless they are set otherwise. */
const EPOCH_MAX_AGE_MS = 12 * 3_600_000;

/** How brokers are reached. */
export function kafkaConnection({ kafka, security }: Config): ConnectionOptions {
  const { tls, sasl } = security.kafka;
  return {
    tls,
    sasl: sasl === null ? null : saslOptions(sasl, kafka.connectTimeoutMs),
    brokers: kafka.brokers,
    clientId: kafka.clientId,
    connectTimeoutMs: kafka.connectTimeoutMs,
    requestTimeoutMs: kafka.requestTimeoutMs,
  };
}

function saslOptions(sasl: KafkaSasl, timeoutMs: number): KafkaSaslOptions {
  if (sasl.mechanism !== "OAUTHBEARER") return sasl;
  const { mechanism, token, extensions } = sasl;
  return { mechanism, tokens: tokenProvider(token, timeoutMs), extensions };
}

function tokenProvider(source: TokenSource, timeoutMs: number): TokenProvider {
  switch (source.kind) {
    case "value":
      return givenToken(() => Promise.resolve(source.value));
    case "file":
      return givenToken(() => readFile(source.path, "utf8"));
    case "endpoint":
      return new ClientCredentialsTokens({ ...source, timeoutMs }, () => systemClock.wallMs());
  }
}

export function kafkaOptions(config: Config): KafkaSinkOptions {
  const { kafka, transaction, checkpoint, topic } = config;
  return {
    slot: config.slot.name,
    instanceId: config.instanceId,
    checkpointTopic: checkpoint.topic,
    checkpointReplicationFactor: checkpoint.replicationFactor,
    delivery: config.delivery,
    transactionalIdPrefix: transaction.idPrefix,
    transactionalIdFormer: transaction.idFormer,
    transactionalIds: transaction.ids,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionProtocol: transaction.protocol,
    codec: chosenCodec(config),
    topicAutoCreate: topic.autoCreate
      ? { partitions: topic.partitions, replicationFactor: topic.replicationFactor }
      : null,
    requestBytesMax: config.producer.requestBytesMax,
    requestTimeoutMs: kafka.requestTimeoutMs,
    batchMsMax: batchMsMax(config),
    epochMaxAgeMs: EPOCH_MAX_AGE_MS,
    metadataMaxAgeMs: kafka.metadataMaxAgeMs,
  };
}

/** Half of the time after which brokers abort a transaction, or the relay lets the slot go. */
function batchMsMax({ delivery, transaction, sinkStallReleaseMs }: Config): number {
  const isOpen = delivery === "exactly-once";
  const abortMs = isOpen ? transaction.timeoutMs : Number.POSITIVE_INFINITY;
  return Math.min(abortMs, sinkStallReleaseMs || Number.POSITIVE_INFINITY) / 2;
}

/** What the migration calls it. */
const DEFAULT_HEADERS_COLUMN = "headers";

function columnNames({ outbox }: Config): OutboxColumnNames {
  const { id, route, key, type, payload, headers } = outbox.columns;
  // No column has an empty name.
  const named = headers === NONE ? "" : (headers ?? DEFAULT_HEADERS_COLUMN);
  return { id, route, key, type, payload, headers: named };
}

/** `"My.Schema".outbox` as the stream names it, without quotes. */
function plainTableName(text: string): string {
  const { schema, name } = parseTableName(text);
  return `${schema}.${name}`;
}

export function sourceOptions(config: Config): ReplicationSourceOptions {
  return {
    ...postgresOptions(config, config.database.replicationUrl, config.security.replication),
    walSenderTimeoutMs: config.walSenderTimeoutMs,
    createTimeoutMs: config.database.statementTimeoutMs,
    rowFilter: config.publication.rowFilter,
  };
}

export function databaseOptions(config: Config): SourceDatabaseOptions {
  return {
    ...postgresOptions(config, config.database.url, config.security.database),
    statementTimeoutMs: config.database.statementTimeoutMs,
    rowFilter: config.publication.rowFilter,
    witnessTable: config.witnessTable === NONE ? null : config.witnessTable,
    slotFailover: config.slot.failover === "auto" ? "auto" : config.slot.failover === "true",
    walBudgetBytes: config.wal.budgetBytes,
  };
}

export function metricsOptions(config: Config, version: string): MetricsOptions {
  const { slot, publication, delivery, metrics, bufferMaxBytes } = config;
  return {
    identity: { version, slot: slot.name, publication: publication.name, delivery },
    limits: { seriesMax: metrics.seriesPerLabelMax, latencyBuckets: metrics.latencyBuckets },
    bufferBytesMax: bufferMaxBytes,
    withRuntime: metrics.isEnabled,
  };
}

export function slotMonitorOptions({ slot, wal }: Config): SlotMonitorOptions {
  return { name: slot.name, walBudgetBytes: wal.budgetBytes };
}

export function slotAlarmOptions({ wal }: Config): SlotAlarmOptions {
  return { walWarnBeforeMs: wal.warnBeforeMs, heldWarnAfterMs: wal.heldWarnAfterMs };
}

function postgresOptions(config: Config, url: string, tls: TlsOptions): PostgresOptions {
  return {
    connectionString: withoutTlsParameters(url),
    tls,
    slot: config.slot.name,
    publications: [config.publication.name],
    tables: config.outbox.tables,
    columns: columnNames(config),
    areHeadersRequired: ![null, NONE].includes(config.outbox.columns.headers),
    shard: config.shard,
    connectTimeoutMs: config.database.connectTimeoutMs,
    applicationName: `relay:${config.instanceId}`,
  };
}

function fingerprint(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
