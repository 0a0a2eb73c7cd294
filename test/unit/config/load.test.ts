import { describe, expect, it } from "@jest/globals";
import { ConfigError } from "../../../src/config/config-error.ts";
import type { Environment } from "../../../src/config/environment.ts";
import { load, MINIMAL, problemsOf } from "../../support/config/loading.ts";

describe("the config", () => {
  it("needs a database and brokers, and has a default for everything else", () => {
    const { config, warnings } = load({ ...MINIMAL, HOSTNAME: "relay-0" });
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      database: {
        url: MINIMAL.RELAY_DATABASE_URL,
        connectTimeoutMs: 10_000,
        statementTimeoutMs: 30_000,
      },
      slot: { name: "outbox_relay", create: "if-missing" },
      publication: { name: "outbox_relay" },
      walSenderTimeoutMs: 15_000,
      statusIntervalMs: 5_000,
      outbox: {
        tables: ["public.outbox"],
        columns: { key: "aggregateid", route: "aggregatetype" },
      },
      topic: {
        template: "outbox.event.${routedByValue}",
        autoCreate: false,
        partitions: 6,
        replicationFactor: -1,
      },
      kafka: { brokers: ["kafka:9092"], requestTimeoutMs: 10_000, metadataMaxAgeMs: 300_000 },
      delivery: "exactly-once",
      transaction: {
        idPrefix: "outbox-relay.outbox_relay",
        ids: 3,
        timeoutMs: 60_000,
        protocol: "auto",
      },
      batch: { maxEvents: 16_000, maxBytes: 8_388_608, lingerMs: 4 },
      bufferMaxBytes: 16_777_216,
      retry: { initialMs: 100, maxMs: 5_000, jitter: 0.2 },
      checkpoint: {
        topic: "outbox-relay.checkpoint.outbox_relay",
        intervalMs: 10_000,
        replicationFactor: -1,
      },
      sinkStallReleaseMs: 60_000,
      standbyPollIntervalMs: 1_000,
      instanceId: "relay-0",
      shutdownTimeoutMs: 20_000,
      http: { listen: { host: "0.0.0.0", port: 9464 } },
      readyGraceMs: 30_000,
      livenessTimeoutMs: 60_000,
      log: { level: "info" },
      failpoints: [],
    });
  });

  it("takes failpoints in a test, and refuses them by name in production", () => {
    const env = { ...MINIMAL, RELAY_FAILPOINTS: "produce-acked=kill@3" };
    expect(load(env).config.failpoints).toEqual(["produce-acked=kill@3"]);
    expect(() => load({ ...env, NODE_ENV: "production" })).toThrow(
      /RELAY_FAILPOINTS: .*refused with NODE_ENV=production/,
    );
    expect(
      load({ ...MINIMAL, RELAY_FAILPOINTS: "", NODE_ENV: "production" }).config.failpoints,
    ).toEqual([]);
  });

  it("is frozen to its leaves", () => {
    const { config } = load(MINIMAL);
    expect(() => Object.assign(config.batch, { maxEvents: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.kafka.brokers, { 0: "other:1" })).toThrow(TypeError);
    expect(() => Object.assign(config.http.listen, { port: 1 })).toThrow(TypeError);
  });

  it("derives topic, transactional ids and URLs from what they belong to, unless they are set", () => {
    const derived = load({ ...MINIMAL, RELAY_SLOT_NAME: "billing" }).config;
    expect(derived.checkpoint.topic).toBe("outbox-relay.checkpoint.billing");
    expect(derived.transaction.idPrefix).toBe("outbox-relay.billing");
    expect(derived.database.replicationUrl).toBe(MINIMAL.RELAY_DATABASE_URL);
    const { config } = load({
      ...MINIMAL,
      RELAY_CHECKPOINT_TOPIC: "mine",
      RELAY_TRANSACTIONAL_ID: "ours",
      RELAY_REPLICATION_URL: "postgres://r:p@direct:5432/shop",
    });
    expect(config.checkpoint.topic).toBe("mine");
    expect(config.transaction.idPrefix).toBe("ours");
    expect(config.database.replicationUrl).toBe("postgres://r:p@direct:5432/shop");
    expect(config.database.migrationUrl).toBe(MINIMAL.RELAY_DATABASE_URL);
  });
});

describe("where a value comes from", () => {
  it("is RELAY_X before its aliases, and the aliases in their order", () => {
    const aliases = { KAFKA_BROKERS: "second:1", KAFKA_BOOTSTRAP_SERVERS: "third:1" };
    expect(load({ ...MINIMAL, ...aliases }).config.kafka.brokers).toEqual(["kafka:9092"]);
    const { RELAY_KAFKA_BROKERS: _, ...rest } = MINIMAL;
    expect(load({ ...rest, ...aliases }).config.kafka.brokers).toEqual(["second:1"]);
  });

  it("is an alias where only that is set", () => {
    const { config } = load({
      DATABASE_URL: "postgres://u:p@h:1/d",
      KAFKA_BOOTSTRAP_SERVERS: "a:1,b:2",
      KAFKA_CLIENT_ID: "mine",
      LOG_LEVEL: "debug",
      HOSTNAME: "pod-1",
    });
    expect(config.database.url).toBe("postgres://u:p@h:1/d");
    expect(config.kafka).toMatchObject({ brokers: ["a:1", "b:2"], clientId: "mine" });
    expect(config.log.level).toBe("debug");
    expect(config.instanceId).toBe("pod-1");
  });

  it("is not an empty variable: that counts as not set", () => {
    const { config } = load({
      ...MINIMAL,
      RELAY_SLOT_NAME: "",
      RELAY_LOG_LEVEL: "",
      LOG_LEVEL: "warn",
    });
    expect(config.slot.name).toBe("outbox_relay");
    expect(config.log.level).toBe("warn");
  });

  it("is a file named by RELAY_X_FILE, less exactly one newline at its end", () => {
    const { RELAY_DATABASE_URL: url, ...rest } = MINIMAL;
    for (const end of ["", "\n", "\r\n"]) {
      const { config } = load(
        { ...rest, RELAY_DATABASE_URL_FILE: "/secret" },
        { "/secret": url + end },
      );
      expect(config.database.url).toBe(url);
    }
    const twoLines = { "/name": "outbox\n\n" };
    expect(problemsOf({ ...MINIMAL, RELAY_SLOT_NAME_FILE: "/name" }, twoLines)).toHaveLength(1);
  });

  it("is never a guess between a variable and its file", () => {
    const both = { ...MINIMAL, RELAY_DATABASE_URL_FILE: "/secret" };
    expect(problemsOf(both, { "/secret": "postgres://x" })).toEqual([
      "RELAY_DATABASE_URL and RELAY_DATABASE_URL_FILE are both set; keep one of them",
    ]);
  });

  it("is not passed over when its file cannot be read", () => {
    const { RELAY_DATABASE_URL: _, ...rest } = MINIMAL;
    const env = { ...rest, RELAY_DATABASE_URL_FILE: "/gone", DATABASE_URL: "postgres://other" };
    expect(problemsOf(env)).toEqual(['RELAY_DATABASE_URL_FILE: cannot read "/gone" (ENOENT)']);
  });
});

describe("problems", () => {
  it("are reported all at once, each with its variable and an example", () => {
    const problems = problemsOf({
      RELAY_BATCH_LINGER: "5 ms",
      RELAY_TOPIC_AUTO_CREATE: "yes",
      RELAY_TRANSACTIONAL_IDS: "9",
    });
    expect(problems.map((text) => text.split(/:| is /)[0])).toEqual([
      "RELAY_TOPIC_AUTO_CREATE",
      "RELAY_TRANSACTIONAL_IDS",
      "RELAY_BATCH_LINGER",
      "RELAY_DATABASE_URL",
      "RELAY_KAFKA_BROKERS",
    ]);
    expect(problems.filter((text) => !text.includes("example: RELAY_"))).toEqual([]);
  });

  it("never show a secret, wherever it came from", () => {
    const secret = "hunter2hunter2";
    const bad = `mysql://u:${secret}@h/d`;
    const envs: Environment[] = [
      { ...MINIMAL, RELAY_DATABASE_URL: bad },
      { ...MINIMAL, RELAY_REPLICATION_URL: bad, RELAY_MIGRATION_DATABASE_URL: bad },
      { RELAY_KAFKA_BROKERS: "k:1", DATABASE_URL: bad },
      {
        RELAY_KAFKA_BROKERS: "k:1",
        DATABASE_URL: `postgres://u:${secret}@h1:1,h2:x/d`,
        PGPASSWORD: secret,
      },
      { PGHOST: "h", PGPORT: "x", PGPASSWORD: secret },
    ];
    for (const env of envs) {
      const problems = problemsOf(env);
      expect(problems).not.toEqual([]);
      expect(problems.join("\n")).not.toContain(secret);
    }
  });

  it("come as one error with a stable code, which the command line turns into exit code 78", () => {
    const error = new ConfigError(["one", "two"]);
    expect(error.code).toBe("CONFIG_INVALID");
    expect(error.message).toBe("the configuration has 2 problems:\n  - one\n  - two");
  });

  it("between settings name both of them", () => {
    expect(problemsOf({ ...MINIMAL, RELAY_STATUS_INTERVAL: "6s" })[0]).toMatch(
      /^RELAY_STATUS_INTERVAL .* RELAY_WAL_SENDER_TIMEOUT/,
    );
    expect(
      problemsOf({ ...MINIMAL, RELAY_BATCH_MAX_BYTES: "2MiB", RELAY_BUFFER_MAX_BYTES: "1MiB" })[0],
    ).toMatch(/^RELAY_BATCH_MAX_BYTES .* RELAY_BUFFER_MAX_BYTES/);
    expect(problemsOf({ ...MINIMAL, RELAY_RETRY_INITIAL: "6s" })[0]).toMatch(
      /^RELAY_RETRY_INITIAL .* RELAY_RETRY_MAX/,
    );
  });

  it("do not arise at the bounds of those relations", () => {
    const atBounds = {
      RELAY_BATCH_MAX_BYTES: "1MiB",
      RELAY_BUFFER_MAX_BYTES: "1MiB",
      RELAY_RETRY_INITIAL: "5s",
    };
    expect(
      load({ ...MINIMAL, ...atBounds, RELAY_STATUS_INTERVAL: "5s" }).config.statusIntervalMs,
    ).toBe(5_000);
    const withoutTimeout = { RELAY_WAL_SENDER_TIMEOUT: "0", RELAY_STATUS_INTERVAL: "1m" };
    expect(load({ ...MINIMAL, ...withoutTimeout }).config.walSenderTimeoutMs).toBe(0);
  });
});

describe("a name that no setting has", () => {
  it("is a warning with the nearest name, or an error in strict mode", () => {
    const env = { ...MINIMAL, RELAY_BATCH_LINGR: "5ms" };
    const sentence = "RELAY_BATCH_LINGR is no setting; did you mean RELAY_BATCH_LINGER?";
    expect(load(env).warnings).toEqual([sentence]);
    expect(problemsOf({ ...env, RELAY_STRICT_CONFIG: "true" })).toEqual([sentence]);
  });

  it("is told beside a problem, which it may have caused", () => {
    const env = { RELAY_DATABASE_URL: "postgres://u:p@h/d", RELAY_KAFKA_BROKER: "b:9092" };
    expect(() => load(env)).toThrow(/RELAY_KAFKA_BROKERS is not set[^]*RELAY_KAFKA_BROKER is no/);
  });

  it("gets no suggestion when nothing is near, and never one of a reserved name", () => {
    expect(load({ ...MINIMAL, RELAY_Q: "" }).warnings).toEqual(["RELAY_Q is no setting"]);
    expect(load({ ...MINIMAL, RELAY_FAILPOINT: "x" }).warnings[0]).not.toContain(
      "RELAY_FAILPOINTS",
    );
  });

  it("is passed over when Kubernetes sets it for a service called relay, or when it is not ours", () => {
    const links = {
      RELAY_SERVICE_HOST: "10.0.0.1",
      RELAY_PORT: "tcp://x",
      RELAY_PORT_9464_TCP: "x",
      RELAY_SERVICE: "y",
    };
    expect(load({ ...MINIMAL, ...links, RELAYED: "1", PATH: "/bin" }).warnings).toEqual([]);
  });
});
