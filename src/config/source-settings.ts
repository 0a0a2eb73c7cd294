import { authMethods } from "./auth-methods.ts";
import { duration, listOf, NONE, oneOf, orNone, size } from "./kinds.ts";
import { identifier, postgresUrl, shard, slotName, tableName } from "./kinds-of-names.ts";
import { pemAuthorities, pemCertificates, pemPrivateKey } from "./pem.ts";
import { optionalSetting, setting } from "./setting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 1024 ** 2;
const GIB = 1024 * MIB;

/** Where events come from: the database, the slot, the publication and the outbox tables. */
export const sourceSettings = {
  database: {
    url: setting("RELAY_DATABASE_URL", {
      kind: postgresUrl(),
      doc: "Connection string of the database that holds the outbox. Its role needs REPLICATION and may read the outbox tables. Several hosts, `host1:5432,host2:5433`, are tried in order until one is the primary (`target_session_attrs=read-write`, the default of a list). Parts missing in it are taken from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD` and `PGDATABASE`, which also do without a URL.",
      example: "postgres://relay:secret@db.example.com:5432/shop",
      aliases: ["DATABASE_URL"],
      derived: "required, unless `PGHOST` is set",
      sensitive: true,
    }),
    replicationUrl: setting("RELAY_REPLICATION_URL", {
      kind: postgresUrl(),
      doc: "Connection string of the replication stream, where it needs another role or another address of the same server. Both lead to the server itself, never through a connection pooler.",
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
    requireAuth: optionalSetting("RELAY_DATABASE_REQUIRE_AUTH", {
      kind: authMethods(),
      doc: "How Postgres may ask for the password, as libpq's `require_auth`: `scram-sha-256`, `md5`, `password` (clear text), `none` (not at all); with `!` before each: all but these. Left out, `password` and `md5` are answered only where the server is verified (TLS with a CA) or local. `require_auth` in a URL counts more.",
      example: "scram-sha-256",
      aliases: ["PGREQUIREAUTH"],
      derived: "all but `password` and `md5` to a server that is neither verified nor local",
    }),
    ssl: {
      mode: optionalSetting("RELAY_DATABASE_SSL_MODE", {
        kind: oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
        doc: "TLS towards Postgres with libpq's meaning of each mode (docs/security.md). Only `verify-ca` and `verify-full` keep an impostor out. `sslmode` in a URL counts more.",
        example: "verify-full",
        aliases: ["PGSSLMODE"],
        derived: "`verify-full` with a CA, else `prefer`",
      }),
      ca: optionalSetting("RELAY_DATABASE_SSL_CA", {
        kind: pemAuthorities(),
        doc: "The certificate authorities that may have signed the server's certificate; `system` takes those that Node trusts. Else the file in `sslrootcert` of the URL, or `PGSSLROOTCERT`.",
        exampleFile: "/etc/postgres/ca.pem",
        derived: "none",
      }),
      cert: optionalSetting("RELAY_DATABASE_SSL_CERT", {
        kind: pemCertificates(),
        doc: "The client's certificate, with its chain. Else the file in `sslcert` of the URL, or `PGSSLCERT`.",
        exampleFile: "/etc/postgres/client.pem",
        derived: "none",
      }),
      key: optionalSetting("RELAY_DATABASE_SSL_KEY", {
        kind: pemPrivateKey(),
        doc: "The private key of the client's certificate. Else the file in `sslkey` of the URL, or `PGSSLKEY`.",
        exampleFile: "/etc/postgres/client.key",
        derived: "none",
        sensitive: true,
      }),
    },
    connectTimeoutMs: setting("RELAY_DATABASE_CONNECT_TIMEOUT", {
      kind: duration({ minMs: 100, maxMs: 5 * MINUTE }),
      default: 10 * SECOND,
      doc: "How long Postgres may take for each step of opening a connection: to accept it and let us in, and for the stream to answer each question after that.",
    }),
    statementTimeoutMs: setting("RELAY_DATABASE_STATEMENT_TIMEOUT", {
      kind: duration({ minMs: 100, maxMs: HOUR }),
      default: 30 * SECOND,
      doc: "How long one control query may take; the stream itself has no such limit.",
    }),
  },
  shard: optionalSetting("RELAY_SHARD", {
    kind: shard(),
    doc: "Which of n relays this one is, where several divide the rows of the outbox tables among them by key (docs/scaling.md): `0/2` and `1/2` are two relays. Each has its own slot, publication, checkpoint and transactional ids, named after it. Needs Postgres 15. Never change it for a slot that exists.",
    example: "0/2",
    derived: "none: one relay has all rows",
  }),
  slot: {
    name: setting("RELAY_SLOT_NAME", {
      kind: slotName(),
      default: "outbox_relay",
      doc: "The replication slot. It is the lock as well: relays with the same slot are leader and standbys, and two relays with different slots publish everything twice. With `RELAY_SHARD=0/2` the default is `outbox_relay_s0of2`, and another name has to end like that.",
    }),
    create: setting("RELAY_SLOT_CREATE", {
      kind: oneOf("if-missing", "never"),
      default: "if-missing",
      doc: "Whether the relay may create its slot at the very first start. It is never created again where a checkpoint shows that there was one.",
    }),
    failover: setting("RELAY_SLOT_FAILOVER", {
      kind: oneOf("auto", "true", "false"),
      default: "auto",
      doc: "Whether standbys get a copy of the slot, so that it outlives a failover: `auto` where the server can (Postgres 17) and for slots that the relay creates; `true` refuses a slot without.",
    }),
  },
  witnessTable: setting("RELAY_WITNESS_TABLE", {
    kind: orNone(tableName()),
    default: NONE,
    doc: "Table with a row for each relay that counts up every five seconds while it streams, `relay text primary key, seq bigint not null`; the relay's role may SELECT, INSERT and UPDATE it. A database that was restored to an earlier state on the same timeline has a lower count than the checkpoint, and nothing else shows it.",
    example: "public.relay_witness",
  }),
  snapshot: setting("RELAY_SNAPSHOT", {
    kind: oneOf("never", "initial"),
    default: "never",
    doc: "Whether the very first start publishes the rows that are in the tables already (`initial`), before all that comes; rows that Kafka holds are left out. Later starts never do.",
  }),
  publication: {
    name: setting("RELAY_PUBLICATION_NAME", {
      kind: identifier(),
      default: "outbox_relay",
      doc: "The publication with the outbox tables. The migration creates it; the relay only verifies it. With `RELAY_SHARD=0/2` the default is `outbox_relay_s0of2`, and another name has to end like that.",
    }),
    rowFilter: setting("RELAY_ROW_FILTER", {
      kind: oneOf("refuse", "allow"),
      default: "refuse",
      doc: "Whether the publication may filter the rows of an outbox table. What does not match is never published, a NULL in the filter included.",
    }),
  },
  walSenderTimeoutMs: setting("RELAY_WAL_SENDER_TIMEOUT", {
    kind: duration({ minMs: SECOND, maxMs: 10 * MINUTE, zero: "never" }),
    default: 15 * SECOND,
    doc: "`wal_sender_timeout` of the replication connection: how long Postgres keeps the slot for a relay that fell silent, and so the longest take-over after the loss of a node.",
  }),
  wal: {
    budgetBytes: setting("RELAY_WAL_BUDGET", {
      kind: size({ min: MIB, max: 1024 ** 2 * GIB, zero: "not known" }),
      default: 0,
      doc: "How much WAL the slot may retain before the server's disk is full. The relay cannot see that disk: where `max_slot_wal_keep_size` sets no limit (-1, the default), a forecast needs this.",
      example: "50GiB",
    }),
    warnBeforeMs: setting("RELAY_WAL_WARN_BEFORE", {
      kind: duration({ minMs: MINUTE, maxMs: 720 * HOUR, zero: "never" }),
      default: 4 * HOUR,
      doc: "The relay warns (`SLOT_WAL_LOW`) when, at the rate of the last minutes, the slot is lost or `RELAY_WAL_BUDGET` used up within this time.",
    }),
    heldWarnAfterMs: setting("RELAY_WAL_HELD_WARN_AFTER", {
      kind: duration({ minMs: SECOND, maxMs: 720 * HOUR, zero: "never" }),
      default: 15 * MINUTE,
      doc: "The relay warns (`SLOT_HELD_BACK`) of a transaction that has been open for longer and for which the slot retains WAL.",
    }),
  },
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
      headers: optionalSetting("RELAY_COLUMN_HEADERS", {
        kind: orNone(identifier()),
        derived: "`headers`, where the table has it",
        example: "headers",
        doc: "Column with more headers, a JSON object of strings. Once it is set, each table must have it; `none` leaves headers out.",
      }),
    },
  },
};
