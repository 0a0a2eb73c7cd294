import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { walSender } from "../support/chaos/halt.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { deliveryDespite } from "../support/chaos/under-load.ts";
import { clientIdOfRequest } from "../support/kafka-frames.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";

const DEADLINE_MS = 60_000;

let rig: KafkaRig;
let fixture: RelayFixture;
let leader: RelayProcess;
let standby: RelayProcess;

beforeAll(async () => {
  rig = await KafkaRig.start();
}, 180_000);

afterAll(async () => {
  await rig?.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("one_sided", { brokers: rig.kafka.brokers });
  leader = await fixture.streaming(named("leader"));
  standby = fixture.start(named("standby"));
  await standby.reaches("standby");
});

afterEach(async () => {
  rig.heal();
  await fixture.close();
});

function named(name: string): Record<string, string> {
  return {
    ...rig.settings,
    RELAY_INSTANCE_ID: name,
    RELAY_KAFKA_CLIENT_ID: name,
    RELAY_KAFKA_REQUEST_TIMEOUT: "2s",
    RELAY_SINK_STALL_RELEASE: "3s",
    RELAY_RETRY_MAX: "1s",
  };
}

/** Nothing of this relay reaches the broker; others do. */
function cutOff(name: string): void {
  rig.judge((_apiKey, request) => (clientIdOfRequest(request) === name ? "cut-request" : "pass"));
}

describe("a leader that alone cannot reach Kafka", () => {
  it("lets the slot go to the standby that can, and does not take it back [36: L P D O R]", async () => {
    const report = await deliveryDespite(fixture, standby, async () => {
      cutOff("leader");
      await standby.reaches("streaming", null, DEADLINE_MS);
      await leader.reaches("stalled", "KAFKA_UNREACHABLE", DEADLINE_MS);
      const sender = await walSender(fixture);
      rig.heal();
      await leader.reaches("standby", null, DEADLINE_MS);
      expect(await walSender(fixture)).toBe(sender);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});

describe("a standby that alone cannot reach Kafka", () => {
  it("is not ready, leaves the slot alone when the leader stops, and takes it when it can publish [36: L P D O R]", async () => {
    const report = await deliveryDespite(fixture, standby, async () => {
      cutOff("standby");
      await standby.reaches("standby", "KAFKA_UNREACHABLE", DEADLINE_MS);
      expect(await leader.stop()).toBe(0);
      await standby.reaches("starting", "KAFKA_UNREACHABLE", DEADLINE_MS);
      expect(await walSender(fixture)).toBeNull();
      rig.heal();
      await standby.reaches("streaming", null, DEADLINE_MS);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});
