import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/services.ts";

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("takeover");
});

afterEach(async () => {
  await fixture.close();
});

describe("two relays on one slot", () => {
  it("stand one behind the other: the second is ready, waits, and takes over when the first stops [36: L D O R]", async () => {
    const first = await fixture.streaming({ RELAY_INSTANCE_ID: "first" });
    const second = fixture.start({ RELAY_INSTANCE_ID: "second" });
    await second.reaches("standby");
    expect((await second.get("/readyz")).status).toBe(200);
    expect([(await first.get("/leader")).status, (await second.get("/leader")).status]).toEqual([
      200, 503,
    ]);
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(first);
    expect(await first.stop()).toBe(0);
    await second.reaches("streaming");
    await fixture.insert("k", '{"seq": 2}');
    await fixture.caughtUp(second);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 2 });
  });

  it("do not write both: one that was frozen and wakes up after its successor took over cannot publish [12: L P D O]", async () => {
    const settings = {
      RELAY_WAL_SENDER_TIMEOUT: "3s",
      RELAY_STATUS_INTERVAL: "1s",
      RELAY_TRANSACTION_TIMEOUT: "1s",
    };
    const frozen = await fixture.streaming({ ...settings, RELAY_INSTANCE_ID: "frozen" });
    const workload = new Workload(fixture.database.url, { writers: 4 });
    workload.start();
    await until(
      async () => (await frozen.status()).events.published > 20,
      30_000,
      "the first events",
    );
    frozen.signal("SIGSTOP");
    const successor = await fixture.streaming({ ...settings, RELAY_INSTANCE_ID: "successor" });
    await until(
      async () => (await successor.status()).events.published > 20,
      30_000,
      "the successor's events",
    );
    frozen.signal("SIGCONT");
    await frozen.reaches("standby", null, 30_000);
    const { published } = (await frozen.status()).events;
    const seen = (await successor.status()).events.published;
    await until(
      async () => (await successor.status()).events.published > seen + 20,
      30_000,
      "more of the successor's events",
    );
    expect((await frozen.status()).events.published).toBe(published);
    await workload.stop();
    await fixture.caughtUp(successor);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});
