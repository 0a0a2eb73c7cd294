import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { Admin } from "kafkajs";
import { KafkaRequests } from "../support/chaos/kafka-requests.ts";
import { KafkaRig } from "../support/chaos/kafka-rig.ts";
import { Leaders } from "../support/chaos/leaders.ts";
import {
  expectAllDelivered,
  expectAllDeliveredAtLeastOnce,
  publishes,
} from "../support/chaos/load.ts";
import { ProduceCodes } from "../support/chaos/produce-codes.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { kafkaClient, until } from "../support/services.ts";

const NOT_LEADER = 6;
const NOT_ENOUGH_REPLICAS = 19;
const TOPIC_RESOURCE = 2;
const MOVES_MAX = 30;

let rig: KafkaRig;
let requests: KafkaRequests;
let admin: Admin;

beforeAll(async () => {
  rig = await KafkaRig.start({ brokers: 3 });
  requests = new KafkaRequests(rig.kafka.brokers);
  admin = kafkaClient([...rig.kafka.brokers]).admin();
  await admin.connect();
}, 180_000);

afterAll(async () => {
  await admin?.disconnect();
  requests?.close();
  await rig?.stop();
});

describe.each([
  ["protocol v1", { RELAY_TRANSACTION_PROTOCOL: "v1" }, expectAllDelivered],
  ["protocol v2", { RELAY_TRANSACTION_PROTOCOL: "v2" }, expectAllDelivered],
  ["at-least-once delivery", { RELAY_DELIVERY: "at-least-once" }, expectAllDeliveredAtLeastOnce],
])("under load, in %s, all is well when", (_delivery, delivery, expectAllDeliveredSo) => {
  let fixture: RelayFixture;
  let relay: RelayProcess;
  let leaders: Leaders;
  let codes: ProduceCodes;

  beforeAll(async () => {
    fixture = await RelayFixture.create("leaders", { brokers: rig.kafka.brokers, partitions: 6 });
    leaders = new Leaders(admin, requests, fixture.topics[0] ?? "");
    codes = new ProduceCodes(rig);
    relay = await fixture.streaming({
      ...rig.settings,
      ...delivery,
      RELAY_RETRY_MAX: "500ms",
    });
  });

  afterAll(() => fixture.close());
  afterEach(() => rig.kafka.start(2));

  it("a leader moves, so that a broker takes a part of a Produce and refuses the rest [27: L D O R]", async () => {
    await underLoad(fixture, async () => {
      for (let move = 0; move < MOVES_MAX && !codes.hasPartial(NOT_LEADER); move++) {
        await publishes(relay, 20);
        const places = await leaders.places();
        await leaders.move(places[move % places.length] as (typeof places)[number]);
      }
    });
    expect(codes.hasPartial(NOT_LEADER)).toBe(true);
    await expectAllDeliveredSo(fixture, relay);
  });

  it("all leaders move again and again [28: L D O R]", async () => {
    codes = new ProduceCodes(rig);
    await underLoad(fixture, async () => {
      for (let round = 0; round < 4; round++) {
        for (const place of await leaders.places()) await leaders.move(place);
        await publishes(relay, 5);
      }
    });
    expect(codes.has(NOT_LEADER)).toBe(true);
    await expectAllDeliveredSo(fixture, relay);
  });

  it("too few replicas are left for an append [30: L D O R]", async () => {
    await underLoad(fixture, async () => {
      await rig.kafka.kill(2);
      await publishes(relay, 20);
    });
    // An append that waits for its replicas would never be answered once they are too few, and no other follows it.
    await fixture.caughtUp(relay);
    await setReplicasInSync("3");
    codes = new ProduceCodes(rig);
    await underLoad(fixture, async () => {
      const seen = (): string =>
        `answers ${JSON.stringify(codes.answers.slice(-40))}\n${relay.output}`;
      await until(() => codes.has(NOT_ENOUGH_REPLICAS), 30_000, seen);
      await rig.kafka.start(2);
      await publishes(relay, 20);
    });
    await expectAllDeliveredSo(fixture, relay);
  });

  async function setReplicasInSync(value: string): Promise<void> {
    const name = "min.insync.replicas";
    const configEntries = [{ name, value }];
    const resources = [{ type: TOPIC_RESOURCE, name: fixture.topics[0] ?? "", configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    await until(
      async () => {
        const {
          resources: [topic],
        } = await admin.describeConfigs({ includeSynonyms: false, resources });
        return (
          topic?.configEntries.find((entry) => entry.configName === name)?.configValue === value
        );
      },
      10_000,
      `${name} to be ${value}`,
    );
  }
});
