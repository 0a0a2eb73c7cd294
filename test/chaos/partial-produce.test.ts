import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../src/demo/services/embedded-kafka.ts";
import { FaultProxy } from "../support/chaos/fault-proxy.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { readUncommitted } from "../support/relay/topic-reader.ts";
import { kafkaClient, withAdmin } from "../support/services.ts";

const START_MS = 180_000;

const proxies = [new FaultProxy(), new FaultProxy(), new FaultProxy()];
let kafka: EmbeddedKafka;
let fixture: RelayFixture;

beforeAll(async () => {
  const advertisedPorts = await Promise.all(proxies.map((proxy) => proxy.start()));
  kafka = await startKafka({ brokers: 3, advertisedPorts });
  for (const [index, proxy] of proxies.entries()) {
    proxy.forwardTo({ host: "127.0.0.1", port: kafka.behindPorts[index] ?? 0 });
  }
  fixture = await RelayFixture.create("partial", { brokers: kafka.brokers, partitions: 3 });
  // Makes slot and checkpoint, so that the relays to come have nothing to store before the first row.
  const first = await fixture.streaming(throughProxies());
  await fixture.insert("first");
  await fixture.caughtUp(first);
  await first.stop();
}, START_MS);

afterAll(async () => {
  await fixture.close();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await kafka.stop();
});

function throughProxies(): Record<string, string> {
  const brokers = proxies.map(({ port }) => `127.0.0.1:${port}`);
  return { RELAY_KAFKA_BROKERS: brokers.join(","), RELAY_CHECKPOINT_INTERVAL: "1h" };
}

/** Index of the broker that leads each partition. */
async function leaders(topic: string): Promise<number[]> {
  const { topics } = await withAdmin(
    (admin) => admin.fetchTopicMetadata({ topics: [topic] }),
    kafkaClient([...kafka.brokers]),
  );
  const partitions = topics[0]?.partitions ?? [];
  return partitions
    .toSorted((a, b) => a.partitionId - b.partitionId)
    .map(({ leader }) => leader - 1);
}

/** How many records each partition of the topic has, those of open transactions included. */
async function appended(): Promise<number[]> {
  const records = await readUncommitted(kafka.brokers, fixture.topics);
  return [0, 1, 2].map(
    (partition) => records.filter((record) => record.partition === partition).length,
  );
}

/** Nothing that the next relay sends reaches broker `silent`, and it is killed once another one has answered. */
async function killHalfWay(silent: number): Promise<{ before: number[]; after: number[] }> {
  // The barrier is the first Produce, and a row with which the relay learns of the topic the second.
  const doomed = await fixture.streaming({
    ...throughProxies(),
    RELAY_FAILPOINTS: "produce-answered=kill@3",
  });
  await fixture.insert("known");
  await fixture.caughtUp(doomed);
  const before = await appended();
  proxies[silent]?.silence("to-server");
  await fixture.client.query(
    "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', 'k' || n, 'T', '{}' from generate_series(1, 60) n",
  );
  await doomed.ended(30_000);
  proxies[silent]?.heal();
  return { before, after: await appended() };
}

async function expectAllDelivered(): Promise<void> {
  const survivor = await fixture.streaming(throughProxies());
  await fixture.insert("afterwards");
  await fixture.caughtUp(survivor);
  expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  await survivor.stop();
}

describe("a relay that is killed when a transaction is only at some of its brokers", () => {
  it("and some partitions lack their events leaves nothing lost or doubled [2: L P D O R]", async () => {
    const [checkpointLeader] = await leaders(fixture.names.checkpointTopic);
    const ofTopic = await leaders(fixture.topics[0] ?? "");
    const silent = ofTopic.find((leader) => leader !== checkpointLeader) ?? -1;
    const { before, after } = await killHalfWay(silent);
    expect(after[ofTopic.indexOf(silent)]).toBe(before[ofTopic.indexOf(silent)]);
    expect(after).not.toEqual(before);
    await expectAllDelivered();
  });

  it("and the checkpoint is missing leaves nothing lost or doubled [3: L P D O R]", async () => {
    const [checkpointLeader = -1] = await leaders(fixture.names.checkpointTopic);
    const { before, after } = await killHalfWay(checkpointLeader);
    expect(after).not.toEqual(before);
    await expectAllDelivered();
  });
});
