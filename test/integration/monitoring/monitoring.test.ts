import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import { ruleFiles } from "../../../scripts/alert-rules.ts";
import { boardFiles, boardQueries } from "../../support/monitoring/boards.ts";
import { Stage } from "../../support/monitoring/stage.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { Workload } from "../../support/relay/workload.ts";
import { createTopics, kafkaClient, until, withClient } from "../../support/services.ts";

// A real Prometheus looks at real relays while faults are injected. What takes hours in an operator's life is scaled down
// here; test/alerts/ has the rules as they are.
const THRESHOLDS = {
  lagWarningSeconds: 1,
  lagCriticalSeconds: 4,
  stuckSeconds: 3,
  stuckLagSeconds: 2,
  checkpointSeconds: 3,
  checkpointWalBytes: 10_000,
  backpressureRatio: 0.2,
  takeoversMax: 3,
  retainedWalBytes: 20e6,
  exhaustionWarningSeconds: 1e7,
  exhaustionCriticalSeconds: 1e6,
  heldBackWalBytes: 100_000,
  oldTransactionSeconds: 5,
  catalogXminAge: 20,
};

/** Their faults take a standby of Postgres, or an exporter: test/alerts/ alone covers them. */
const NOT_INJECTED = [
  "RelayFailoverNotReady warning",
  "RelayPhantomEvents warning",
  "RelayExporterSlotInactive critical",
  "RelayExporterSlotWalHigh warning",
  "RelayExporterSlotAtRisk critical",
];

const HASTY = {
  RELAY_KAFKA_REQUEST_TIMEOUT: "2s",
  RELAY_SINK_STALL_RELEASE: "15s",
  RELAY_BUFFER_MAX_BYTES: "64KiB",
  RELAY_BATCH_MAX_BYTES: "8KiB",
  RELAY_RETRY_MAX: "1s",
  RELAY_CHECKPOINT_INTERVAL: "1s",
};

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
async function writeWal(mib: number): Promise<void> {
  for (let written = 0; written < mib; written += 1) {
    await narrow.client.query(
      "select pg_logical_emit_message(false, 'neighbour', repeat('x', 1048576))",
    );
  }
}

beforeAll(async () => {
  stage = await Stage.set(THRESHOLDS);
  [shop, narrow] = await Promise.all([
    fixtureOn("shop", stage.shop.url),
    fixtureOn("narrow", stage.narrow.url),
  ]);
  const { slot } = narrow.names;
  await narrow.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
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
      await stage.fires("RelaySlotHeldBack", "warning");
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
        await stage.look();
        return stage.told.has("RelayFlapping warning");
      },
      60_000,
      "RelayFlapping to fire",
    );
    expect(workload.transactions).toBeGreaterThan(before);
  });

  it("no relay stands by any more", async () => {
    await leader.kill();
    await standby.reaches("streaming");
    await stage.fires("RelayNoStandby", "warning");
    leader = standby;
    standby = await stage.relay("shop", shop, HASTY);
    await standby.reaches("standby");
  });

  it("Kafka hangs: lag first, then the stream is let go", async () => {
    stage.kafka.freeze(0);
    await stage.fires("RelayLagHigh", "warning");
    await stage.fires("RelayLagHigh", "critical");
    await stage.fires("RelayStuck", "critical");
    await stage.fires("RelayBackpressure", "info");
    await stage.fires("RelayPublishErrors", "warning");
    await stage.fires("RelayCheckpointStale", "warning");
    await stage.fires("RelayStalled", "critical");
    await stage.fires("RelayKafkaUnavailable", "critical");
    stage.kafka.thaw(0);
    await until(
      async () => {
        const states = await Promise.all([leader, standby].map((relay) => relay.status()));
        return states.some(({ state }) => state === "streaming");
      },
      60_000,
      "a relay to stream again",
    );
  });
});

describe("alerts on the slot fire when", () => {
  it("WAL grows and its room runs out", async () => {
    await until(
      async () => {
        await writeWal(0.5);
        await stage.look();
        return stage.told.has("RelaySlotWalExhaustion critical");
      },
      90_000,
      "the forecast to be near",
    );
    await stage.fires("RelaySlotWalExhaustion", "warning");
    await stage.fires("RelaySlotWalGrowing", "warning");
  });
});
