import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { during } from "../support/chaos/during.ts";
import { walSender } from "../support/chaos/halt.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { expectAllDelivered, publishes } from "../support/chaos/load.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

/** A server that has not heard from the relay for 3 s ends the stream. */
const SETTINGS = {
  RELAY_WAL_SENDER_TIMEOUT: "3s",
  RELAY_STATUS_INTERVAL: "500ms",
  RELAY_KAFKA_REQUEST_TIMEOUT: "3s",
  RELAY_KAFKA_CONNECT_TIMEOUT: "3s",
  RELAY_RETRY_MAX: "1s",
};

let rig: KafkaRig;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  // How long a coordinator waits for a broker that hangs before it ends a transaction elsewhere; 30 s by default.
  rig = await KafkaRig.start({ brokers: 3, properties: { "request.timeout.ms": "3000" } });
}, 180_000);

afterAll(() => rig?.stop());

async function startRelay(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  fixture = await RelayFixture.create("brokers", { brokers: rig.kafka.brokers, partitions: 6 });
  relay = await fixture.streaming({ ...rig.settings, ...SETTINGS, ...settings });
}

afterEach(async () => {
  rig.heal();
  for (const index of [0, 1, 2]) {
    rig.kafka.thaw(index);
    await rig.kafka.start(index);
  }
  await fixture.close();
});

describe("one broker of three", () => {
  it("that is silent to clients holds records up, and the link to Postgres lives on [24: L D O R]", async () => {
    await startRelay();
    const sender = await walSender(fixture);
    await underLoad(fixture, async () => {
      rig.wires[1]?.blackhole();
      await during(5_000, async () => {
        expect(await walSender(fixture)).toBe(sender);
      });
      expect((await relay.status()).state).toBe("streaming");
      rig.heal();
      await publishes(relay, 20);
    });
    expect(await walSender(fixture)).toBe(sender);
    await expectAllDelivered(fixture, relay);
  });

  it("that hangs, the first one of the settings, is done without [24: L D O R]", async () => {
    await startRelay();
    const sender = await walSender(fixture);
    await underLoad(fixture, async () => {
      rig.kafka.freeze(0);
      // Which it notices first is up to the cluster: that the broker is silent, or that its replicas are missing.
      await until(
        async () =>
          !(await relay.status()).kafka.reachable ||
          relay.lines.some(({ where }) => where === "sink"),
        20_000,
        () => `the relay to notice\n${relay.output}`,
      );
      await publishes(relay, 100);
      rig.kafka.thaw(0);
    });
    expect(await walSender(fixture)).toBe(sender);
    await expectAllDelivered(fixture, relay);
  });
});

describe("brokers that are restarted one after the other", () => {
  it("transaction coordinators and controller among them, cost nothing [29: L D O R]", async () => {
    await startRelay();
    await underLoad(fixture, async () => {
      for (const index of [0, 1, 2]) {
        await rig.kafka.shutDown(index);
        await publishes(relay, 20);
        await rig.kafka.start(index);
      }
      await publishes(relay, 20);
    });
    await expectAllDelivered(fixture, relay);
    expect(relay.lines.filter(({ state }) => state === "failed" || state === "standby")).toEqual(
      [],
    );
  });
});
