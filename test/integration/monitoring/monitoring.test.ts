import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { ruleFiles } from "../../../scripts/alert-rules.ts";
import { boardFiles, boardQueries } from "../../support/monitoring/boards.ts";
import { HASTY, THRESHOLDS } from "../../support/monitoring/haste.ts";
import { nameOf, Stage } from "../../support/monitoring/stage.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess, RelayStatus } from "../../support/relay/relay-process.ts";
import { Workload } from "../../support/relay/workload.ts";
import { createTopics, kafkaClient, until } from "../../support/services.ts";

// A real Prometheus looks at real relays while faults are injected.

/** Those of a failover are in failover.test.ts; postgres_exporter is not to be had: test/alerts/ alone covers its rules. */
const NOT_INJECTED = [
  "RelayFailoverNotReady warning",
  "RelayPhantomEvents warning",
  "RelayExporterSlotInactive critical",
  "RelayExporterSlotWalHigh warning",
  "RelayExporterSlotAtRisk critical",
];

/** What Grafana would make of a scrape every second. */
const RATE_INTERVAL = "4s";

let stage: Stage;
let shop: RelayFixture;
let narrow: RelayFixture;
let workload: Workload;
let leader: RelayProcess;
let standby: RelayProcess;

async function fixtureOn(prefix: string, postgresUrl: string): Promise<RelayFixture> {
  return RelayFixture.create(prefix, { postgresUrl, brokers: stage.kafka.brokers });
}

/** Writes WAL on the narrow server that no outbox row is in. */
async function writeWal(kib: number): Promise<void> {
  await narrow.client.query("select pg_logical_emit_message(false, 'other', repeat('x', $1))", [
    kib * 1024,
  ]);
}

/** Changes what slots of the narrow server may retain, while it runs. */
async function limitWal(size: string): Promise<void> {
  await narrow.client.query(`alter system set max_slot_wal_keep_size = '${size}'`);
  await narrow.client.query("select pg_reload_conf()");
}

/** Kafka hangs until it was noticed, and comes back. With the stream let go just before, both relays stand by and notice later. */
async function hangs(): Promise<void> {
  await eitherStreams();
  stage.kafka.freeze(0);
  try {
    await until(
      async () => (await bothStatus()).some(({ kafka }) => !kafka.reachable),
      20_000,
      () => bothLogs("a relay to notice that Kafka hangs"),
    );
  } finally {
    stage.kafka.thaw(0);
  }
  await eitherStreams();
}

async function eitherStreams(): Promise<void> {
  await until(
    async () => (await bothStatus()).some(({ state }) => state === "streaming"),
    60_000,
    () => bothLogs("a relay to stream again"),
  );
}

const bothStatus = (): Promise<readonly RelayStatus[]> =>
  Promise.all([leader, standby].map((relay) => relay.status()));
const bothLogs = (what: string): string =>
  [what, leader.output, standby.output].join("\n").slice(-9_000);

beforeAll(async () => {
  stage = await Stage.set(THRESHOLDS);
  [shop, narrow] = await Promise.all([
    fixtureOn("shop", stage.shop.url),
    fixtureOn("narrow", stage.narrow.url),
  ]);
  const { slot } = narrow.names;
  await narrow.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
  await limitWal("1GB");
  await stage.relay("narrow", narrow, { RELAY_KAFKA_BROKERS: "127.0.0.1:1" });
  leader = await stage.relay("shop", shop, HASTY);
  await leader.reaches("streaming");
  standby = await stage.relay("shop", shop, HASTY);
  await standby.reaches("standby");
  workload = new Workload(shop.database.url, { seed: 7, writers: 4 });
  workload.start();
});

afterAll(async () => {
  await workload.stop();
  await Promise.all([shop.close(), narrow.close()].map((closed) => closed.catch(() => undefined)));
  await stage.clear();
});

describe("alerts of a real Prometheus fire when", () => {
  it("a transaction stays open and makes the slot retain WAL", async () => {
    const held = new pg.Client({ connectionString: shop.database.url });
    await held.connect();
    try {
      await held.query("begin");
      await held.query("select pg_current_xact_id()");
      const { annotations } = await stage.fires("RelaySlotHeldBack", "warning");
      expect(annotations["description"]).toMatch(/retains \S+iB of confirmed WAL/);
      await stage.fires("RelayVacuumHeldBack", "warning");
    } finally {
      await held.end();
    }
  });

  it("a row cannot be published", async () => {
    await shop.insert("k", "{}", "later");
    const { labels, annotations } = await stage.fires("RelayBlocked", "critical");
    expect(labels["reason"]).toBe("TOPIC_MISSING");
    expect(annotations["description"]).toContain("docs/runbooks/TOPIC_MISSING.md");
    const kafka = kafkaClient([...stage.kafka.brokers]);
    await createTopics([`${shop.names.topicPrefix}later`], { partitions: 1 }, kafka);
    await shop.caughtUp(leader);
  });

  it("the slot changes hands again and again", async () => {
    const before = workload.transactions;
    await until(
      async () => {
        await shop.client.query(
          "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active",
          [shop.names.slot],
        );
        return (await stage.hasFired("RelayFlapping", "warning")) !== null;
      },
      60_000,
      "RelayFlapping to fire",
    );
    expect(workload.transactions).toBeGreaterThan(before);
  });

  it("no relay stands by any more", async () => {
    await leader.kill();
    await standby.reaches("streaming");
    const { labels } = await stage.fires("RelayNoStandby", "warning", { slot: shop.names.slot });
    expect(labels["slot"]).toBe(shop.names.slot);
    leader = standby;
    standby = await stage.relay("shop", shop, HASTY);
    await standby.reaches("standby");
  });

  it("requests to Kafka are not answered now and then", async () => {
    // A hang meets a produce request or the end of a transaction, which is no such request: so more than one.
    await until(
      async () => {
        await hangs();
        return (await stage.hasFired("RelayPublishErrors", "warning")) !== null;
      },
      90_000,
      "RelayPublishErrors to fire",
    );
    const { annotations } = await stage.fires("RelayPublishErrors", "warning", { job: "shop" });
    expect(annotations["description"]).toMatch(/^[\d.]+% of the produce requests/);
  });

  it("Kafka hangs: lag first, then the stream is let go", async () => {
    stage.kafka.freeze(0);
    try {
      await stage.fires("RelayLagHigh", "warning");
      await stage.fires("RelayLagHigh", "critical");
      await stage.fires("RelayStuck", "critical");
      await stage.fires("RelayBackpressure", "info");
      await stage.fires("RelayCheckpointStale", "warning");
      await stage.fires("RelayStalled", "critical");
      const { labels } = await stage.fires("RelayKafkaUnavailable", "critical", { job: "shop" });
      expect(labels["severity"]).toBe("critical");
    } finally {
      stage.kafka.thaw(0);
    }
    await eitherStreams();
  });
});

describe("alerts on a slot fire when", () => {
  it("WAL grows and its room runs out", async () => {
    const { slot } = narrow.names;
    const growing = (): Promise<unknown> =>
      stage.hasFired("RelaySlotWalGrowing", "warning", { slot });
    const ending = (severity: string): Promise<unknown> =>
      stage.hasFired("RelaySlotWalExhaustion", severity, { slot });
    await until(
      async () => {
        await writeWal(128);
        const told = await Promise.all([growing(), ending("warning"), ending("critical")]);
        return told.every((one) => one !== null);
      },
      90_000,
      "the forecast to be near",
    );
    const { annotations } = await stage.fires("RelaySlotWalGrowing", "warning", { slot });
    expect(annotations["description"]).toContain("iB of WAL");
  });

  it("Postgres retains more than max_wal_size, then more than its limit, and gives it up", async () => {
    const { slot } = narrow.names;
    await until(
      async () => {
        await writeWal(1024);
        return (await stage.hasFired("RelaySlotAtRisk", "warning", { slot })) !== null;
      },
      60_000,
      "the slot to retain more than max_wal_size",
    );
    // Without a checkpoint the WAL stays for a while although the limit is passed.
    await limitWal("16MB");
    await stage.fires("RelaySlotAtRisk", "critical", { slot });
    await narrow.client.query("checkpoint");
    await stage.fires("RelaySlotInvalidated", "critical", { slot });
  });

  it("somebody drops it under a relay, which fails with a code", async () => {
    const gap = await fixtureOn("gap", stage.shop.url);
    const first = await gap.streaming();
    await gap.insert("k");
    await gap.caughtUp(first);
    await first.kill();
    await gap.dropSlot();
    const relay = await stage.relay("gap", gap, { RELAY_RETRY_MAX: "1s" });
    await relay.reaches("failed", "GAP_SLOT_MISSING");
    await until(
      async () => {
        const told = await stage.hasFired("RelayFailed", "critical", { slot: gap.names.slot });
        return told?.annotations["description"]?.includes("GAP_SLOT_MISSING") === true;
      },
      30_000,
      "RelayFailed to name the code",
    );
    await stage.fires("RelaySlotInvalidated", "critical", { slot: gap.names.slot });
    await stage.fires("RelayNotActive", "critical", { slot: gap.names.slot });
    await relay.kill();
    await gap.close();
  });
});

describe("the dashboards", () => {
  it.each(boardFiles())("$name: every query has an answer with numbers", async (board) => {
    const empty: string[] = [];
    for (const { place, expr } of boardQueries(board)) {
      const samples = await stage.prometheus.range(
        expr
          .replaceAll(/\$(?:job|instance|slot)\b/g, ".+")
          .replaceAll("$__rate_interval", RATE_INTERVAL),
      );
      if (!samples.some(({ values }) => values.some(Number.isFinite))) empty.push(place);
    }
    expect(empty).toEqual([]);
  });
});

describe("alerts on what is gone fire when", () => {
  it("a second server has a leader of the same slot", async () => {
    const twin = await fixtureOn("twin", stage.narrow.url);
    await stage.relay("twin", twin, {
      RELAY_SLOT_NAME: shop.names.slot,
      RELAY_CHECKPOINT_TOPIC: `${twin.names.checkpointTopic}.twin`,
      RELAY_TRANSACTIONAL_ID: twin.names.slot,
    });
    const { annotations } = await stage.fires("RelaySplitBrain", "critical");
    expect(annotations["summary"]).toBe(`2 relays say that they hold slot ${shop.names.slot}`);
    await twin.close();
  });

  it("Postgres is away", async () => {
    await stage.narrow.stopImmediate();
    const { labels } = await stage.fires("RelayPostgresUnavailable", "critical");
    expect(labels["job"]).toBe("narrow");
    await stage.narrow.start();
  });

  it("all relays of a slot are gone while those of another one are there", async () => {
    await Promise.all([leader.kill(), standby.kill()]);
    const { annotations } = await stage.fires("RelayDown", "critical", { slot: shop.names.slot });
    expect(annotations["summary"]).toContain(shop.names.slot);
  });

  it("at the end, each alert has fired at its fault, and no rule was in error", async () => {
    const all = ruleFiles().flatMap(({ rules }) =>
      rules.map(({ alert, labels }) => `${alert} ${labels.severity}`),
    );
    const fired = new Set(stage.told.map(nameOf));
    const silent = all.filter((name) => !fired.has(name));
    expect(silent.toSorted()).toEqual([...NOT_INJECTED].toSorted());
    expect(await stage.prometheus.ruleErrors()).toEqual([]);
    const texts = stage.told.map(({ annotations }) => JSON.stringify(annotations));
    expect(texts.filter((text) => /error expanding|<no value>/.test(text))).toEqual([]);
  });
});
