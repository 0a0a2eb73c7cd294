import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { freePorts } from "../../src/demo/services/free-ports.ts";
import { TestContainer } from "../support/image/containers.ts";
import { dockerOk, IMAGE, SHOP_IMAGE, STRICT, variables } from "../support/image/docker.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayStatus } from "../support/relay/relay-process.ts";
import { Workload } from "../support/relay/workload.ts";
import { until } from "../support/until.ts";

const GRACE_SECONDS = 20;
const START_DEADLINE_MS = 30_000;

interface RelayContainer {
  readonly container: TestContainer;
  readonly url: string;
}

let fixture: RelayFixture;
let containers: TestContainer[] = [];

beforeEach(async () => {
  fixture = await RelayFixture.create("image", { migrate: false });
  await dockerOk("run", "--rm", ...STRICT, ...variables(fixture.settings), IMAGE, "migrate", "up");
});

afterEach(async () => {
  for (const container of containers) await container.remove();
  containers = [];
  await fixture.close();
});

async function relay(...options: readonly string[]): Promise<RelayContainer> {
  const [port = 0] = await freePorts(1);
  const env = { ...fixture.settings, RELAY_HTTP_LISTEN: `127.0.0.1:${port}` };
  const container = await TestContainer.start(IMAGE, env, options);
  containers.push(container);
  return { container, url: `http://127.0.0.1:${port}` };
}

async function status({ url }: RelayContainer): Promise<RelayStatus | null> {
  const answer = await fetch(`${url}/status`).catch(() => null);
  return answer === null ? null : ((await answer.json()) as RelayStatus);
}

async function reaches(one: RelayContainer, state: string): Promise<void> {
  const isThere = async (): Promise<boolean> => (await status(one))?.state === state;
  await one.container.until(isThere, START_DEADLINE_MS, `state ${state}`);
}

async function publishes(one: RelayContainer, count: number): Promise<void> {
  const isDone = async (): Promise<boolean> => ((await status(one))?.events.published ?? 0) > count;
  await one.container.until(isDone, START_DEADLINE_MS, `${count} events`);
}

describe("the image as PID 1, as any user on a read-only root", () => {
  it("streams, stops with 0 within its grace period, and hands over to the next without loss", async () => {
    const first = await relay();
    await reaches(first, "streaming");
    const second = await relay();
    await reaches(second, "standby");
    const workload = new Workload(fixture.database.url, { writers: 4 });
    workload.start();
    await publishes(first, 100);
    const stoppedMs = performance.now();
    const exitCode = await first.container.stop(GRACE_SECONDS);
    const tookMs = performance.now() - stoppedMs;
    process.stdout.write(`docker stop took ${Math.round(tookMs)} ms\n`);
    expect([exitCode, await first.container.log()]).toEqual([
      0,
      expect.stringContaining("stopped"),
    ]);
    expect(tookMs).toBeLessThan(GRACE_SECONDS * 1000);
    await publishes(second, 100);
    await workload.stop();
    await caughtUp();
    expect(await second.container.stop(GRACE_SECONDS)).toBe(0);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("becomes healthy by its own health check", async () => {
    const one = await relay("--health-interval", "1s");
    const health = async (): Promise<string | undefined> =>
      (await one.container.state()).Health?.Status;
    await one.container.until(
      async () => (await health()) !== "starting",
      START_DEADLINE_MS,
      "the first answer of the health check",
    );
    expect(await health()).toBe("healthy");
  });

  it("streams below a memory limit of 256 MB", async () => {
    const one = await relay("--memory", "256m", "--memory-swap", "256m");
    await reaches(one, "streaming");
    await fixture.client.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', n::text, 'Placed', jsonb_build_object('text', repeat('x', 1000)) from generate_series(1, 50000) n`,
    );
    await publishes(one, 49_999);
    expect(await one.container.state()).toMatchObject({ Running: true, OOMKilled: false });
  });
});

describe("the image of the sample shop", () => {
  it("places orders until it is stopped, and the relay publishes their events", async () => {
    const env = { DATABASE_URL: fixture.database.url, SHOP_ORDERS_PER_SECOND: "100" };
    const one = await relay();
    await reaches(one, "streaming");
    const shop = await TestContainer.start(SHOP_IMAGE, env);
    containers.push(shop);
    await publishes(one, 50);
    expect(await shop.stop(GRACE_SECONDS)).toBe(0);
    await caughtUp();
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, outOfOrder: 0 });
  });
});

/** Until the slot is confirmed up to what is written now. */
async function caughtUp(): Promise<void> {
  const { rows } = await fixture.client.query<{ lsn: string }>(
    "select pg_current_wal_lsn()::text as lsn",
  );
  await until(
    async () => {
      await fixture.client.query("select pg_logical_emit_message(true, 'test', '')");
      const { rows: past } = await fixture.client.query(
        "select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2::pg_lsn",
        [fixture.names.slot, rows[0]?.lsn],
      );
      return past.length === 1;
    },
    START_DEADLINE_MS,
    "the slot to be confirmed",
  );
}
