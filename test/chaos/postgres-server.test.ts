import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { FaultProxy } from "../support/chaos/fault-proxy.ts";
import { deliveryDespite } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { until, withClient } from "../support/services.ts";

let server: PostgresServer;
let fixture: RelayFixture;

beforeAll(async () => {
  server = await startPostgres({
    settings: { max_prepared_transactions: "5", max_wal_senders: "3", wal_keep_size: "0" },
  });
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("server", { postgresUrl: server.url });
});

afterEach(async () => {
  await setServer("reset all");
  await fixture.close();
});

async function setServer(change: string): Promise<void> {
  await withClient(server.url, async (client) => {
    // Not held up by the setting that it takes back.
    await client.query("set synchronous_commit = local");
    await client.query(`alter system ${change}`);
    await client.query("select pg_reload_conf()");
  });
}

function row(key: string, seq: number): string {
  return `insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', '${key}', 'T', '{"seq": ${seq}}')`;
}

async function slotColumn(column: string): Promise<string | null> {
  const { rows } = await fixture.client.query<{ value: string | null }>(
    `select ${column}::text as value from pg_replication_slots where slot_name = $1`,
    [fixture.names.slot],
  );
  return rows[0]?.value ?? null;
}

describe("a server that runs out of max_slot_wal_keep_size while the relay is connected and behind", () => {
  const proxy = new FaultProxy();

  afterEach(async () => {
    await proxy.stop();
  });

  it("halts the relay with the reason, and nothing is confirmed any more [59: H P D O]", async () => {
    const url = new URL(fixture.database.url);
    proxy.forwardTo({ host: url.hostname, port: Number(url.port) });
    url.port = String(await proxy.start());
    const relay = await fixture.streaming({ RELAY_REPLICATION_URL: url.href });
    await fixture.client.query(row("k", 1));
    await fixture.caughtUp(relay);
    proxy.throttle(100_000);
    await setServer("set max_slot_wal_keep_size = '16MB'");
    await fixture.client.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', 'k', 'T', jsonb_build_object('seq', n + 1, 'fill', repeat(md5(n::text), 60)) from generate_series(1, 8000) n",
    );
    await fixture.client.query("create table noise (fill text)");
    await until(
      async () => {
        await fixture.client.query(
          "insert into noise select repeat('x', 1000) from generate_series(1, 8000)",
        );
        await fixture.client.query("select pg_switch_wal()");
        await fixture.client.query("checkpoint");
        return (await slotColumn("wal_status")) === "lost";
      },
      30_000,
      "the slot to be lost",
    );
    const { message, hint } = await relay.reaches("failed", "GAP_SLOT_INVALID", 30_000);
    expect(message).toContain(fixture.names.slot);
    expect(hint).toContain("max_slot_wal_keep_size");
    const confirmed = await slotColumn("confirmed_flush_lsn");
    const errors = relay.lines.length;
    await fixture.client.query(row("k", 9_000));
    await until(async () => (await relay.status()).state === "failed", 5_000, "it to stay so");
    expect(await slotColumn("confirmed_flush_lsn")).toBe(confirmed);
    expect(relay.lines.length - errors).toBeLessThan(10);
    expect(await fixture.delivery()).toMatchObject({ duplicated: 0, phantom: 0, outOfOrder: 0 });
  });
});

describe("synchronous_standby_names = '*'", () => {
  it("is warned of, and commits go on at the speed of the relay [70: L P D O]", async () => {
    const settings = { RELAY_CHECKPOINT_INTERVAL: "200ms" };
    const first = await fixture.streaming(settings);
    await setServer("set synchronous_standby_names = '*'");
    const report = await deliveryDespite(fixture, first, () => Promise.resolve(), { writers: 4 });
    expect(report).toMatchObject(ALL_DELIVERED);
    const blocked = fixture.client.query(row("waits for the successor", 1));
    await first.kill();
    const second = await fixture.streaming(settings);
    expect(second.lines.map(({ code }) => code)).toContain("CONFIG_SYNCHRONOUS_STANDBY");
    await blocked;
    await fixture.caughtUp(second);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
    await setServer("reset synchronous_standby_names");
  });
});

describe("a prepared transaction", () => {
  it("holds nobody up while it is open, and is published once, at its commit, in its order [73: L P D O]", async () => {
    const first = await fixture.streaming();
    const { client, names } = fixture;
    await client.query(`begin; ${row("p", 2)}; prepare transaction '${names.slot}'`);
    await client.query(`begin; ${row("never", 1)}; prepare transaction '${names.slot}_never'`);
    await client.query(row("p", 1));
    await fixture.caughtUp(first);
    expect((await fixture.read()).map(({ key }) => key)).toEqual(["p"]);
    await first.kill();
    const second = await fixture.streaming();
    await client.query(`commit prepared '${names.slot}'`);
    await client.query(`rollback prepared '${names.slot}_never'`);
    await client.query(row("p", 3));
    await fixture.caughtUp(second);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 3 });
  });
});

describe("a server without a walsender to spare", () => {
  it("is waited for, with the setting's name, and then used [75: L P D O R]", async () => {
    const relay = await fixture.streaming();
    const report = await deliveryDespite(fixture, relay, async () => {
      const others = await takeWalsenders(2);
      await fixture.client.query(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where active",
      );
      others.push(...(await takeWalsenders(1)));
      const { message } = await relay.reaches("starting", "CONFIG_SERVER_LIMITS");
      expect(message).toContain("max_wal_senders");
      await Promise.all(others.map((other) => other.end()));
      await relay.reaches("streaming", null, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});

/** Replication connections of somebody else. */
async function takeWalsenders(count: number): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  await until(
    async () => {
      const config = { connectionString: fixture.database.url, replication: "database" };
      const client = new pg.Client(config as pg.ClientConfig);
      client.on("error", () => undefined);
      try {
        await client.connect();
        taken.push(client);
      } catch {
        await client.end().catch(() => undefined);
      }
      return taken.length === count;
    },
    10_000,
    `${count} walsenders`,
  );
  return taken;
}
