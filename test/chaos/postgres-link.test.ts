import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { FaultProxy } from "../support/chaos/fault-proxy.ts";
import { deliveryDespite, transactions } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const proxy = new FaultProxy();
let fixture: RelayFixture;
let relay: RelayProcess;

/** A link that falls silent is noticed within a second or two. */
const ALERT = { RELAY_WAL_SENDER_TIMEOUT: "2s", RELAY_STATUS_INTERVAL: "500ms" };

beforeAll(async () => {
  fixture = await RelayFixture.create("link");
  const { hostname, port } = new URL(fixture.database.url);
  await proxy.start();
  proxy.forwardTo({ host: hostname, port: Number(port) });
});

afterEach(async () => {
  proxy.heal();
  await relay.kill();
});

afterAll(async () => {
  await fixture.close();
  await proxy.stop();
});

function proxyUrl(): string {
  const url = new URL(fixture.database.url);
  url.port = String(proxy.port);
  return url.href;
}

/** Both connections of the relay go through the proxy. */
function throughProxy(): Record<string, string> {
  return { RELAY_DATABASE_URL: proxyUrl() };
}

function streamThroughProxy(): Record<string, string> {
  return { RELAY_REPLICATION_URL: proxyUrl() };
}

async function walsender(): Promise<number | null> {
  const { rows } = await fixture.client.query<{ pid: number | null }>(
    "select active_pid as pid from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return rows[0]?.pid ?? null;
}

function hasReported(code: string): boolean {
  return relay.lines.some((line) => line.code === code);
}

describe("the link to Postgres", () => {
  it("may be reset: five seconds later all is published again [15: L P D O R]", async () => {
    relay = await fixture.streaming(throughProxy());
    const report = await deliveryDespite(fixture, relay, async () => {
      for (let round = 0; round < 3; round++) {
        proxy.cut();
        await fixture.caughtUp(relay, 10_000);
      }
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  it("may be cut anywhere, also inside of a message [18: L P D O R]", async () => {
    relay = await fixture.streaming(throughProxy());
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      for (const bytes of [1, 4, 6, 31, 997, 4_099, 20_011, 65_537]) {
        const { cuts } = proxy;
        proxy.cutAfter(bytes, "to-client");
        await until(() => proxy.cuts > cuts, 30_000, `a cut after ${bytes} bytes`);
        await transactions(workload, 5);
        await fixture.caughtUp(relay, 20_000);
      }
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  it("may be slow and narrow: it is used as it is, and not given up [17: L P D O]", async () => {
    proxy.delay(500);
    proxy.throttle(125_000);
    relay = fixture.start(streamThroughProxy());
    await relay.reaches("streaming", null, 60_000);
    const pid = await walsender();
    const report = await deliveryDespite(fixture, relay, (workload) => transactions(workload, 60), {
      writers: 4,
    });
    expect(report).toMatchObject(ALL_DELIVERED);
    expect(await walsender()).toBe(pid);
    expect(relay.lines.filter(({ level }) => level === "error")).toEqual([]);
  });
});

describe("a link to Postgres that is half open", () => {
  it("is given up in time, and the relay takes its slot again [16: L P D O R]", async () => {
    relay = await fixture.streaming({ ...throughProxy(), ...ALERT });
    const report = await deliveryDespite(fixture, relay, async () => {
      proxy.strand();
      await fixture.caughtUp(relay, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  it("lets a standby take over as soon as Postgres gives it up [16: L P D O R]", async () => {
    relay = await fixture.streaming({ ...throughProxy(), ...ALERT, RELAY_INSTANCE_ID: "cut-off" });
    const standby = fixture.start({ ...ALERT, RELAY_INSTANCE_ID: "standby" });
    await standby.reaches("standby");
    const report = await deliveryDespite(fixture, standby, async () => {
      proxy.blackhole();
      await standby.reaches("streaming", null, 20_000);
      proxy.heal();
      await relay.reaches("standby", null, 60_000);
    });
    await standby.kill();
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  it("towards Postgres is ended by Postgres, whatever still comes from there [19: L P D O R]", async () => {
    relay = await fixture.streaming({ ...ALERT, ...streamThroughProxy() });
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      proxy.silence("to-server");
      const pid = await walsender();
      await until(async () => (await walsender()) !== pid, 20_000, "Postgres to end the link");
      await until(
        () => hasReported("POSTGRES_UNREACHABLE"),
        10_000,
        () => relay.output,
      );
      await transactions(workload);
      proxy.heal();
      await fixture.caughtUp(relay, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});
