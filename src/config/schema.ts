import { boolean, duration, integer, listOf, oneOf, ratio, replicationFactor, size } from "./kinds.ts";
import {
  failpoint,
  hostPort,
  identifier,
  listenAddress,
  postgresUrl,
  slotName,
  tableName,
  token,
  topicName,
} from "./kinds-of-names.ts";
import type { Values } from "./setting.ts";
import { setting } from "./setting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/**
 * Every setting of the relay: name, kind, bounds, default, secrecy and meaning.
 * docs/configuration.md and config/outbox-relay.env.example are generated from here (`npm run generate`).
 * Times are in ms and sizes in bytes, with the unit in the property's name.
 */
export const settings = {
  database: {
    url: setting("RELAY_DATABASE_URL", {
      kind: postgresUrl(),
      doc: "Connection string of the database that holds the outbox. Its role needs REPLICATION and may read the outbox tables. Parts missing in it are taken from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD` and `PGDATABASE`, which also do without a URL.",
      example: "postgres://relay:secret@db.example.com:5432/shop",
      aliases: ["DATABASE_URL"],
      derived: "required, unless `PGHOST` is set",
      sensitive: true,
    }),
    replicationUrl: setting("RELAY_REPLICATION_URL", {
      kind: postgresUrl(),
      doc: "Connection string of the replication stream, where the other one goes through a pooler: logical replication needs a direct connection.",
      example: "postgres://relay:secret@db-direct.example.com:5432/shop",
      derived: "the database URL",
      sensitive: true,
    }),
    migrationUrl: setting("RELAY_MIGRATION_DATABASE_URL", {
      kind: postgresUrl(),
      doc: "Connection string of the role that owns the outbox; only read by `outbox-relay migrate`.",
      example: "postgres://owner:secret@db.example.com:5432/shop",
      derived: "the database URL",
      sensitive: true,
    }),
    connectTimeoutMs: setting("RELAY_DATABASE_CONNECT_TIMEOUT", {
      kind: duration({ minMs: 100, maxMs: 5 * MINUTE }),
      default: 10 * SECOND,
      doc: "How long opening a connection to Postgres may take.",
    }),
    statementTimeoutMs: setting("RELAY_DATABASE_STATEMENT_TIMEOUT", {
      kind: duration({ minMs: 100, maxMs: HOUR }),
      default: 30 * SECOND,
      doc: "How long one control query may take; the stream itself has no such limit.",
    }),
  },
  slot: {
    name: setting("RELAY_SLOT_NAME", {
      kind: slotName(),
      default: "outbox_relay",
      doc: "The replication slot. It is the lock as well: relays with the same slot are leader and standbys, and two relays with different slots publish everything twice.",
    }),
    create: setting("RELAY_SLOT_CREATE", {
      kind: oneOf("if-missing", "never"),
      default: "if-missing",
      doc: "Whether the relay may create its slot at the very first start. It is never created again where a checkpoint shows that there was one.",
    }),
  },
  publication: {
    name: setting("RELAY_PUBLICATION_NAME", {
      kind: identifier(),
      default: "outbox_relay",
      doc: "The publication with the outbox tables. The migration creates it; the relay only verifies it.",
    }),
  },
  walSenderTimeoutMs: setting("RELAY_WAL_SENDER_TIMEOUT", {
    kind: duration({ minMs: SECOND, maxMs: 10 * MINUTE, zero: "never" }),
    default: 15 * SECOND,
    doc: "`wal_sender_timeout` of the replication connection: how long Postgres keeps the slot for a relay that fell silent, and so the longest take-over after the loss of a node.",
  }),
  statusIntervalMs: setting("RELAY_STATUS_INTERVAL", {
    kind: duration({ minMs: 100, maxMs: 5 * MINUTE }),
    default: 5 * SECOND,
    doc: "How often the confirmed position is reported to Postgres; at most a third of `RELAY_WAL_SENDER_TIMEOUT`.",
  }),
  outbox: {
    tables: setting("RELAY_TABLES", {
      kind: listOf(tableName()),
      default: ["public.outbox"],
      doc: "The outbox tables, or partition roots.",
    }),
    columns: {
      id: setting("RELAY_COLUMN_ID", {
        kind: identifier(),
        default: "id",
        doc: "Column with the event id, which consumers use to notice a repetition.",
      }),
      key: setting("RELAY_COLUMN_KEY", {
        kind: identifier(),
        default: "aggregateid",
        doc: "Column with the record key. Events of one key keep their order.",
      }),
      route: setting("RELAY_COLUMN_ROUTE", {
        kind: identifier(),
        default: "aggregatetype",
        doc: "Column with the routing value that chooses the topic.",
      }),
      type: setting("RELAY_COLUMN_TYPE", {
        kind: identifier(),
        default: "type",
        doc: "Column with the event type.",
      }),
      payload: setting("RELAY_COLUMN_PAYLOAD", {
        kind: identifier(),
        default: "payload",
        doc: "Column with the record value, published as it is stored.",
      }),
      headers: setting("RELAY_COLUMN_HEADERS", {
        kind: identifier(),
        default: "headers",
        doc: "Column with more headers, a JSON object of strings; the table may lack it.",
      }),
    },
  },
  topic: {
    template: setting("RELAY_TOPIC_TEMPLATE", {
      kind: topicName("${routedByValue}"),
      default: "outbox.event.${routedByValue}",
      doc: "The topic of an event; `${routedByValue}` is the routing value. Without it all events go to one topic.",
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
    ids: setting("RELAY_TRANSACTIONAL_IDS", {
      kind: integer({ min: 1, max: 8 }),
      default: 3,
      doc: "How many transactional ids are used in turn: `<prefix>-0`, `<prefix>-1`, ...",
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
      default: 1_000,
      doc: "A batch closes at this many events.",
    }),
    maxBytes: setting("RELAY_BATCH_MAX_BYTES", {
      kind: size({ min: KIB, max: 64 * MIB }),
      default: MIB,
      doc: "A batch closes at this many bytes; one larger event makes a batch of its own.",
    }),
    lingerMs: setting("RELAY_BATCH_LINGER", {
      kind: duration({ minMs: 1, maxMs: MINUTE, zero: "at once" }),
      default: 5,
      doc: "A batch closes when its first event is this old.",
    }),
  },
  bufferMaxBytes: setting("RELAY_BUFFER_MAX_BYTES", {
    kind: size({ min: 64 * KIB, max: 16 * GIB }),
    default: 64 * MIB,
    doc: "Reading from Postgres pauses above this much waiting and in flight.",
  }),
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
  sinkStallReleaseMs: setting("RELAY_SINK_STALL_RELEASE", {
    kind: duration({ minMs: SECOND, maxMs: HOUR, zero: "never" }),
    default: MINUTE,
    doc: "The stream is closed when nothing could be committed to Kafka for so long; the slot keeps the WAL, and the relay comes back by itself.",
  }),
  standbyPollIntervalMs: setting("RELAY_STANDBY_POLL_INTERVAL", {
    kind: duration({ minMs: 50, maxMs: 5 * MINUTE }),
    default: SECOND,
    doc: "How often a standby looks whether the slot is free.",
  }),
  instanceId: setting("RELAY_INSTANCE_ID", {
    kind: token(200),
    doc: "Name of this process in `application_name`, checkpoint, logs and `/status`.",
    example: "outbox-relay-0",
    aliases: ["HOSTNAME"],
    derived: "the host's name",
  }),
  shutdownTimeoutMs: setting("RELAY_SHUTDOWN_TIMEOUT", {
    kind: duration({ minMs: 100, maxMs: HOUR }),
    default: 20 * SECOND,
    doc: "How long a stop may take to finish the batch and its checkpoint. Stopping earlier is safe too.",
  }),
  http: {
    listen: setting("RELAY_HTTP_LISTEN", {
      kind: listenAddress(),
      default: { host: "0.0.0.0", port: 9464 },
      doc: "Where health, metrics and the status page are served.",
    }),
  },
  readyGraceMs: setting("RELAY_READY_GRACE", {
    kind: duration({ minMs: 100, maxMs: HOUR, zero: "at once" }),
    default: 30 * SECOND,
    doc: "How long the relay stays ready while Postgres or Kafka is away.",
  }),
  livenessTimeoutMs: setting("RELAY_LIVENESS_TIMEOUT", {
    kind: duration({ minMs: SECOND, maxMs: HOUR }),
    default: MINUTE,
    doc: "The process counts as dead when its own loop has not turned for so long.",
  }),
  log: {
    level: setting("RELAY_LOG_LEVEL", {
      kind: oneOf("trace", "debug", "info", "warn", "error", "fatal"),
      default: "info",
      doc: "Lowest level that is logged.",
      aliases: ["LOG_LEVEL"],
    }),
  },
  strict: setting("RELAY_STRICT_CONFIG", {
    kind: boolean(),
    default: false,
    doc: "Whether an unknown `RELAY_*` name is an error instead of a warning.",
  }),
  failpoints: setting<readonly string[]>("RELAY_FAILPOINTS", {
    kind: listOf(failpoint()),
    derived: "none",
    doc: "Faults to inject; for tests of the relay only.",
    example: "produce-acked=kill@3",
    reserved: true,
  }),
};

/** All settings with their values: checked, complete and frozen. */
export type Config = Values<typeof settings>;
