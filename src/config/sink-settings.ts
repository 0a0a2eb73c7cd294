import { kafkaSecuritySettings } from "./kafka-security-settings.ts";
import {
  boolean,
  duration,
  integer,
  listOf,
  oneOf,
  orNone,
  ratio,
  replicationFactor,
  size,
} from "./kinds.ts";
import { hostPort, token, topicName } from "./kinds-of-names.ts";
import { optionalSetting, setting } from "./setting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Where events go and how: topics, brokers, transactions, batches, retries and the checkpoint. */
export const sinkSettings = {
  topic: {
    template: setting("RELAY_TOPIC_TEMPLATE", {
      kind: topicName("${routedByValue}"),
      default: "outbox.event.${routedByValue}",
      doc: "The topic of an event; `${routedByValue}` is the routing value. Without it all events go to one topic. It must not make the name of a topic by which a relay or Kafka is steered.",
    }),
    autoCreate: setting("RELAY_TOPIC_AUTO_CREATE", {
      kind: boolean(),
      default: false,
      doc: "Whether the relay creates a topic that is missing. Otherwise it waits and says which one.",
    }),
    partitions: setting("RELAY_TOPIC_PARTITIONS", {
      kind: integer({ min: 1, max: 10_000 }),
      default: 6,
      doc: "Partitions of a topic that the relay creates.",
    }),
    replicationFactor: setting("RELAY_TOPIC_REPLICATION_FACTOR", {
      kind: replicationFactor(),
      default: -1,
      doc: "Replicas of a topic that the relay creates; -1 is the broker's default.",
    }),
  },
  kafka: {
    brokers: setting("RELAY_KAFKA_BROKERS", {
      kind: listOf(hostPort()),
      doc: "Bootstrap brokers.",
      example: "kafka-1:9092,kafka-2:9092",
      aliases: ["KAFKA_BROKERS", "KAFKA_BOOTSTRAP_SERVERS"],
      derived: "required",
    }),
    clientId: setting("RELAY_KAFKA_CLIENT_ID", {
      kind: token(200),
      default: "outbox-relay",
      doc: "Name of this client in the broker's logs, metrics and quotas.",
      aliases: ["KAFKA_CLIENT_ID"],
    }),
    connectTimeoutMs: setting("RELAY_KAFKA_CONNECT_TIMEOUT", {
      kind: duration({ minMs: 100, maxMs: 5 * MINUTE }),
      default: 10 * SECOND,
      doc: "How long opening a connection to a broker may take.",
    }),
    requestTimeoutMs: setting("RELAY_KAFKA_REQUEST_TIMEOUT", {
      kind: duration({ minMs: SECOND, maxMs: 5 * MINUTE }),
      default: 10 * SECOND,
      doc: "How long a broker may take to answer. After that the outcome is unknown, and the relay fences and reads its checkpoint.",
    }),
    metadataMaxAgeMs: setting("RELAY_KAFKA_METADATA_MAX_AGE", {
      kind: duration({ minMs: SECOND, maxMs: HOUR }),
      default: 5 * MINUTE,
      doc: "How often the partitions of topics are looked up again without a cause.",
    }),
    ...kafkaSecuritySettings,
  },
  delivery: setting("RELAY_DELIVERY", {
    kind: oneOf("exactly-once", "at-least-once"),
    default: "exactly-once",
    doc: "`exactly-once` writes events and checkpoint in one Kafka transaction; `at-least-once` writes the checkpoint after the events. Never changed by itself.",
  }),
  transaction: {
    idPrefix: setting("RELAY_TRANSACTIONAL_ID", {
      kind: token(200),
      doc: "Prefix of the transactional ids, which fence an older relay of the same slot. Must not be shared by two slots.",
      example: "outbox-relay.outbox_relay",
      derived: "`outbox-relay.<slot>`",
    }),
    idFormer: optionalSetting("RELAY_TRANSACTIONAL_ID_FORMER", {
      kind: orNone(token(200)),
      derived: "there was no other prefix",
      doc: "For one start after a change of `RELAY_TRANSACTIONAL_ID`: the prefix from before, so that the relay fences ids of it as well. `none`: no relay with another prefix is left, and only ids of `RELAY_TRANSACTIONAL_ID` are fenced.",
      example: "outbox-relay.former_slot",
    }),
    ids: setting("RELAY_TRANSACTIONAL_IDS", {
      kind: integer({ min: 1, max: 8 }),
      default: 3,
      doc: "How many transactional ids are used in turn: `<prefix>-0`, `<prefix>-1`, ... With three or more a transaction is produced while the one before it commits.",
    }),
    timeoutMs: setting("RELAY_TRANSACTION_TIMEOUT", {
      kind: duration({ minMs: SECOND, maxMs: HOUR }),
      default: MINUTE,
      doc: "When the broker aborts a transaction that was left open; at most the broker's `transaction.max.timeout.ms`.",
    }),
    protocol: setting("RELAY_TRANSACTION_PROTOCOL", {
      kind: oneOf("auto", "v1", "v2"),
      default: "auto",
      doc: "Version of Kafka's transaction protocol; `auto` takes v2 where the cluster has it switched on.",
    }),
  },
  batch: {
    maxEvents: setting("RELAY_BATCH_MAX_EVENTS", {
      kind: integer({ min: 1, max: 100_000 }),
      default: 16_000,
      doc: "A batch closes at this many events.",
    }),
    maxBytes: setting("RELAY_BATCH_MAX_BYTES", {
      kind: size({ min: KIB, max: 64 * MIB }),
      default: 8 * MIB,
      doc: "A batch closes at this many bytes; one larger event makes a batch of its own. After one that took more than half of RELAY_TRANSACTION_TIMEOUT or RELAY_SINK_STALL_RELEASE the next ones are smaller.",
    }),
    lingerMs: setting("RELAY_BATCH_LINGER", {
      kind: duration({ minMs: 1, maxMs: MINUTE, zero: "at once" }),
      default: 4,
      doc: "A batch closes when its first event is this old.",
    }),
  },
  bufferMaxBytes: setting("RELAY_BUFFER_MAX_BYTES", {
    kind: size({ min: 64 * KIB, max: 16 * GIB }),
    default: 16 * MIB,
    doc: "Reading from Postgres pauses above this much waiting and in flight.",
  }),
  producer: {
    requestBytesMax: setting("RELAY_PRODUCER_MAX_REQUEST_BYTES", {
      kind: size({ min: KIB, max: 64 * MIB }),
      default: 512 * KIB,
      doc: "A batch goes out in requests of about this size, five at a time; one larger event makes a request of its own.",
    }),
    compression: setting("RELAY_PRODUCER_COMPRESSION", {
      kind: oneOf("none", "gzip", "snappy", "lz4", "zstd"),
      default: "none",
      doc: "How batches of events are compressed, above 4 KiB for a partition and only where they get smaller; the checkpoint never is. [performance.md](performance.md#compression) compares them.",
    }),
  },
  retry: {
    initialMs: setting("RELAY_RETRY_INITIAL", {
      kind: duration({ minMs: 1, maxMs: MINUTE }),
      default: 100,
      doc: "First delay before trying again; it doubles with each attempt. The relay never gives up.",
    }),
    maxMs: setting("RELAY_RETRY_MAX", {
      kind: duration({ minMs: 1, maxMs: 10 * MINUTE }),
      default: 5 * SECOND,
      doc: "Longest delay before trying again.",
    }),
    jitter: setting("RELAY_RETRY_JITTER", {
      kind: ratio(),
      default: 0.2,
      doc: "Share of a delay that is left to chance, up or down.",
    }),
  },
  checkpoint: {
    topic: setting("RELAY_CHECKPOINT_TOPIC", {
      kind: topicName(),
      doc: "Topic of the checkpoint: one partition, compacted. Created when missing, verified otherwise.",
      example: "outbox-relay.checkpoint.outbox_relay",
      derived: "`outbox-relay.checkpoint.<slot>`",
    }),
    intervalMs: setting("RELAY_CHECKPOINT_INTERVAL", {
      kind: duration({ minMs: 100, maxMs: HOUR }),
      default: 10 * SECOND,
      doc: "How often progress without events is stored, so that an idle outbox in a busy database holds no WAL.",
    }),
    replicationFactor: setting("RELAY_CHECKPOINT_REPLICATION_FACTOR", {
      kind: replicationFactor(),
      default: -1,
      doc: "Replicas of the checkpoint topic when the relay creates it; -1 is the broker's default.",
    }),
  },
};
