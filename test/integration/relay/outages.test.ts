import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { KAFKA_VERSION_FOR_KILLS } from "../../../src/demo/services/kafka-jars.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until, withClient } from "../../support/services.ts";

/** Servers of its own: this file stops and kills them. */
let postgres: PostgresServer;
let kafka: EmbeddedKafka;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([
    startPostgres({}),
    startKafka({ version: KAFKA_VERSION_FOR_KILLS }),
  ]);
  fixture = await RelayFixture.create("outages", {
    postgresUrl: postgres.url,
    brokers: kafka.brokers,
  });
});

afterAll(async () => {
  await fixture.close().catch(() => undefined);
  await Promise.all([postgres.stop(), kafka.stop()]);
});

/** Runs `fault` under load and checks that all is delivered in the end. */
async function expectAllDeliveredDespite(
  fault: () => Promise<unknown>,
  settings: Record<string, string> = {},
): Promise<void> {
  relay = await fixture.streaming(settings);
  const workload = new Workload(fixture.database.url, { seed: newSeed() });
  workload.start();
  try {
    await until(() => workload.transactions > 30, 30_000, "30 transactions");
    await fault();
    const seen = workload.transactions;
    await until(() => workload.transactions > seen + 30, 60_000, "30 transactions after the fault");
  } finally {
    await workload.stop();
  }
  await relay.reaches("streaming", null, 60_000);
  await caughtUp();
  await expectAllDelivered();
}

/** False as long as children of the killed postmaster hold its shared memory. */
async function startsAgain(): Promise<boolean> {
  try {
    await postgres.start();
    return true;
  } catch {
    return false;
  }
}

function newSeed(): number {
  const seed = Date.now() % 10_000;
  process.stdout.write(`workload seed ${seed}\n`);
  return seed;
}

async function caughtUp(): Promise<void> {
  await fixture.reconnect();
  await fixture.caughtUp(relay);
}

async function expectAllDelivered(): Promise<void> {
  expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
}

afterEach(async () => {
  await relay.kill();
});

describe("under load, nothing is lost, doubled or out of order when", () => {
  it("the walsender is terminated [49: L P D O R]", async () => {
    await expectAllDeliveredDespite(() =>
      withClient(fixture.database.url, (client) =>
        client.query(
          "select pg_terminate_backend(active_pid) from pg_replication_slots where active",
        ),
      ),
    );
  });

  it("Postgres is restarted fast [47: L P D O R]", async () => {
    await expectAllDeliveredDespite(async () => {
      await postgres.stopFast();
      await postgres.start();
    });
  });

  it("Postgres is stopped at once, as in a crash, and comes back [48: L P D O R]", async () => {
    await expectAllDeliveredDespite(async () => {
      await postgres.stopImmediate();
      await postgres.start();
    });
  });

  it("the postmaster is killed, its children notice, and it comes back [48: L P D O R]", async () => {
    await expectAllDeliveredDespite(async () => {
      process.kill(postgres.pid as number, "SIGKILL");
      await until(() => postgres.pid === undefined, 10_000, "the postmaster to be gone");
      await until(startsAgain, 30_000, "Postgres to start over what its children left");
    });
  });

  it("Kafka is killed and comes back", async () => {
    await expectAllDeliveredDespite(
      async () => {
        await kafka.kill(0);
        await until(
          async () => !(await relay.status()).kafka.reachable,
          30_000,
          "the relay to notice",
        );
        await kafka.start(0);
      },
      { RELAY_KAFKA_REQUEST_TIMEOUT: "3s" },
    );
  });

  it("Kafka hangs for longer than a request may take", async () => {
    await expectAllDeliveredDespite(
      async () => {
        kafka.freeze(0);
        await until(
          async () => !(await relay.status()).kafka.reachable,
          30_000,
          "the relay to notice",
        );
        kafka.thaw(0);
      },
      { RELAY_KAFKA_REQUEST_TIMEOUT: "3s" },
    );
  });
});

describe("a relay that is started while", () => {
  it("Kafka is down starts publishing by itself once Kafka is there", async () => {
    await kafka.kill(0);
    relay = fixture.start();
    await relay.reaches("starting", "KAFKA_UNREACHABLE");
    const { rows } = await fixture.client.query<{ active: boolean }>(
      "select active from pg_replication_slots where slot_name = $1",
      [fixture.names.slot],
    );
    expect(rows[0]?.active).toBe(false);
    await fixture.insert("kafka-was-down", '{"seq": 1}');
    await kafka.start(0);
    await relay.reaches("streaming", null, 60_000);
    await fixture.caughtUp(relay);
    await expectAllDelivered();
  });

  it("Postgres is down starts publishing by itself once Postgres is there", async () => {
    await postgres.stopFast();
    relay = fixture.start();
    await relay.reaches("starting", "POSTGRES_UNREACHABLE");
    await postgres.start();
    await relay.reaches("streaming", null, 60_000);
    await fixture.reconnect();
    await fixture.insert("postgres-was-down", '{"seq": 1}');
    await caughtUp();
    await expectAllDelivered();
  });
});

describe("pg_ctl stop -m fast", () => {
  it("is not held up by an idle relay", async () => {
    relay = await fixture.streaming();
    await withClient(fixture.database.url, (client) =>
      client.query("create table noise as select generate_series(1, 10000)"),
    );
    const stopMs = await postgres.stopFast();
    await postgres.start();
    expect(stopMs).toBeLessThan(3_000);
    await relay.reaches("streaming", null, 30_000);
  });

  it("waits no longer than the grace period for a relay whose Kafka is down [26: L D O R]", async () => {
    relay = await fixture.streaming({ RELAY_KAFKA_REQUEST_TIMEOUT: "3s" });
    await kafka.kill(0);
    await withClient(fixture.database.url, (client) =>
      client.query(
        "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', 'down', 'T', '{}')",
      ),
    );
    const stopMs = await postgres.stopFast();
    expect(stopMs).toBeLessThan(12_000);
    await Promise.all([postgres.start(), kafka.start(0)]);
    await relay.reaches("streaming", null, 60_000);
    await caughtUp();
    await expectAllDelivered();
  });

  it("is not held up at all once Kafka was away for the release time: two relays leave the slot alone [26: L D O R]", async () => {
    const settings = { RELAY_KAFKA_REQUEST_TIMEOUT: "2s", RELAY_SINK_STALL_RELEASE: "3s" };
    relay = await fixture.streaming(settings);
    const standby = fixture.start(settings);
    await standby.reaches("standby");
    await kafka.kill(0);
    await fixture.insert("released", '{"seq": 1}');
    await relay.reaches("stalled", "KAFKA_UNREACHABLE", 60_000);
    await standby.reaches("starting", "KAFKA_UNREACHABLE", 60_000);
    const stopMs = await postgres.stopFast();
    expect(stopMs).toBeLessThan(3_000);
    await Promise.all([postgres.start(), kafka.start(0)]);
    const isStreaming = async (): Promise<boolean> =>
      [await relay.status(), await standby.status()].some(({ state }) => state === "streaming");
    await until(isStreaming, 60_000, "one of them to stream");
    await caughtUp();
    await expectAllDelivered();
    await standby.kill();
  });
});
