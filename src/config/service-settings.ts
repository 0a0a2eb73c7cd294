import { boolean, duration, integer, listOf, oneOf, risingNumbers, text } from "./kinds.ts";
import { failpoint, listenAddress, token } from "./kinds-of-names.ts";
import { optionalSetting, setting } from "./setting.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The service around them: standby, shutdown, HTTP, logs. */
export const serviceSettings = {
  sinkStallReleaseMs: setting("RELAY_SINK_STALL_RELEASE", {
    kind: duration({ minMs: SECOND, maxMs: HOUR, zero: "never" }),
    default: MINUTE,
    doc: "The stream is closed when nothing could be committed to Kafka for so long, also while a start waits for Kafka; the slot keeps the WAL, and the relay comes back by itself. The time to read a long checkpoint topic does not count.",
  }),
  standbyPollIntervalMs: setting("RELAY_STANDBY_POLL_INTERVAL", {
    kind: duration({ minMs: 50, maxMs: 5 * MINUTE }),
    default: SECOND,
    doc: "How often a standby looks whether the slot is free; a leader that is told to stop says so, and the standby does not wait for its next look.",
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
    auth: {
      username: optionalSetting("RELAY_HTTP_AUTH_USERNAME", {
        kind: text("str", /^[^:\p{Cc}]{1,200}$/u, "up to 200 characters without a colon"),
        doc: "User for `/metrics`, `/status` and the status page; probes stay open. Set it with the password, or neither.",
        example: "operator",
        derived: "everybody may read",
      }),
      password: optionalSetting("RELAY_HTTP_AUTH_PASSWORD", {
        kind: text("str", /^\P{Cc}{1,1000}$/u, "up to 1000 characters"),
        doc: "That user's password. Without TLS in front of the relay it crosses the network as it is.",
        example: "long-and-random",
        derived: "everybody may read",
        sensitive: true,
      }),
    },
  },
  ui: {
    isEnabled: setting("RELAY_UI_ENABLED", {
      kind: boolean(),
      default: true,
      doc: "Whether the status page is served at `/`. It is read-only and shows no payload, key or secret.",
    }),
  },
  metrics: {
    isEnabled: setting("RELAY_METRICS_ENABLED", {
      kind: boolean(),
      default: true,
      doc: "Whether `/metrics` is served; docs/metrics.md lists what it tells.",
    }),
    seriesPerLabelMax: setting("RELAY_METRICS_MAX_SERIES_PER_LABEL", {
      kind: integer({ min: 1, max: 100_000 }),
      default: 200,
      doc: "How many topics, and how many tables, metrics tell apart; all that come later are counted as `other`.",
    }),
    latencyBuckets: setting<readonly number[]>("RELAY_METRICS_LATENCY_BUCKETS", {
      kind: risingNumbers(30),
      default: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      doc: "Upper bounds of the buckets of `relay_event_latency_seconds`, in seconds.",
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
    format: optionalSetting("RELAY_LOG_FORMAT", {
      kind: oneOf("json", "pretty"),
      doc: "`json` writes one object a line, `pretty` lines for people, in colour on a terminal unless `NO_COLOR` is set.",
      example: "json",
      derived: "`pretty` on a terminal, else `json`",
    }),
  },
  requireTls: setting("RELAY_REQUIRE_TLS", {
    kind: boolean(),
    default: false,
    doc: "Refuses to start where the link to Postgres or Kafka is not encrypted, or does not verify the other side, unless it is on this machine. By default each such link is a warning `CONFIG_INSECURE` at the start.",
  }),
  strict: setting("RELAY_STRICT_CONFIG", {
    kind: boolean(),
    default: false,
    doc: "Whether an unknown `RELAY_*` name is an error instead of a warning.",
  }),
  failpoints: setting<readonly string[]>("RELAY_FAILPOINTS", {
    kind: listOf(failpoint()),
    default: [],
    doc: "Faults to inject; for tests of the relay only. With `NODE_ENV=production` the relay refuses to start with any.",
    example: "produce-acked=kill@3",
    reserved: true,
  }),
};
