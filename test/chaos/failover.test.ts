import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type pg from "pg";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { StandbyPair } from "../support/postgres/standby-pair.ts";
import type { DeliveryReport } from "../support/relay/delivery-check.ts";
import { ALL_DELIVERED, checkDelivery } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { Workload } from "../support/relay/workload.ts";
import { until, withClient } from "../support/services.ts";

let pair: StandbyPair;
let primary: PostgresServer;
let standby: PostgresServer;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  pair = await StandbyPair.start({ isSynchronized: true });
  ({ primary, standby } = pair);
  fixture = await RelayFixture.create("failover", { postgresUrl: primary.url });
}, 120_000);

afterAll(async () => {
  await relay.kill();
  await primary.start();
  await fixture.close();
  await pair.stop();
});

function databaseOn({ url }: PostgresServer): string {
  const database = new URL(url);
  database.pathname = `/${fixture.database.name}`;
  return database.href;
}

/** Both servers, the first primary first. */
function hosts(): string {
  const url = new URL(databaseOn(primary));
  return url.href.replace(url.host, `${url.host},${new URL(standby.url).host}`);
}

async function written(url: string, transactions: number): Promise<void> {
  const workload = new Workload(url, { seed: 79 });
  workload.start();
  try {
    await until(
      () => workload.transactions > transactions,
      60_000,
      () => `${transactions} transactions, ${workload.transactions} were seen`,
    );
  } finally {
    await workload.stop();
  }
}

/** What the standby, primary by now, holds against what Kafka holds. */
async function delivery(): Promise<DeliveryReport> {
  return withClient(databaseOn(standby), async (client) => {
    await untilConfirmed(client);
    return checkDelivery(client, "outbox", await fixture.read());
  });
}

async function untilConfirmed(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn");
  await until(
    async () => {
      await client.query("select pg_logical_emit_message(true, 'test', '')");
      const found = await client.query(
        "select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2",
        [fixture.names.slot, rows[0]?.lsn],
      );
      return found.rows.length === 1;
    },
    60_000,
    () => `the slot to be confirmed\n${relay.output}`,
  );
}

describe("a relay with both servers in its list of hosts", () => {
  it("goes on at the standby once that is promoted, with the copied slot and without a phantom [50, 79: L P D O R]", async () => {
    relay = await fixture.streaming({
      RELAY_DATABASE_URL: hosts(),
      RELAY_SLOT_FAILOVER: "true",
      RELAY_RETRY_MAX: "1s",
    });
    await fixture.insert("before");
    await pair.slotSynced(fixture.names.slot);
    const workload = new Workload(databaseOn(primary), { seed: 50 });
    workload.start();
    await until(() => workload.transactions > 100, 60_000, "work on the primary");
    await primary.stopImmediate();
    await workload.stop();
    const { message } = await relay.reaches("starting", "NOT_PRIMARY");
    expect(message).toMatch(/^none of 2 hosts can be used: .*ECONNREFUSED.*is a standby$/);
    await pair.promote();
    await relay.reaches("streaming", null, 60_000);
    await written(databaseOn(standby), 100);
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("passes over the old primary that comes back as one, although it is first in the list [53, 79: L P D O R]", async () => {
    await primary.start();
    await withClient(databaseOn(standby), async (client) => {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'relay:%'",
      );
    });
    await until(
      () => relay.lines.some(({ code }) => code === "LINEAGE_REWOUND"),
      30_000,
      () => `the old primary to be found out\n${relay.output}`,
    );
    await relay.reaches("streaming", null, 60_000);
    await written(databaseOn(standby), 100);
    expect(await delivery()).toMatchObject(ALL_DELIVERED);
  });
});
