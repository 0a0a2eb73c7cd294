import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { EmbeddedKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { startKafka } from "../../../src/demo/services/embedded-kafka.ts";
import { createTopics, kafkaClient, uniqueName, withAdmin } from "../../support/services.ts";
import { EventReading, numbered, publishEvents, sortedIds } from "./event-reading.ts";
import { Sinks } from "./sinks.ts";

const EVENTS = 40_000;
const FILLING = "x".repeat(700);

let cluster: EmbeddedKafka;
let sinks: Sinks;
let reading: EventReading;

beforeAll(async () => {
  cluster = await startKafka({ brokers: 3 });
}, 180_000);

afterAll(() => cluster?.stop());

afterEach(async () => {
  reading.channel.close();
  await sinks.close();
});

describe("a cluster of three that loses a broker while events are read back", () => {
  it("gives every event once all the same", async () => {
    const { brokers } = cluster;
    const topic = uniqueName("events");
    const kafka = kafkaClient([...brokers]);
    await createTopics([topic], { partitions: 3 }, kafka);
    sinks = new Sinks({ brokers });
    const { sink } = await sinks.open();
    await publishEvents(sink, topic, [1, EVENTS], () => FILLING);
    const { topics } = await withAdmin(
      (admin) => admin.fetchTopicMetadata({ topics: [topic] }),
      kafka,
    );
    // Partition 0 is read first, in several fetches.
    const first = topics[0]?.partitions.find(({ partitionId }) => partitionId === 0);
    const killing: Promise<void>[] = [];
    reading = new EventReading(brokers);
    const read = await reading.since([topic], 0, () => {
      if (killing.length === 0) killing.push(cluster.kill((first?.leader ?? 0) - 1));
    });
    expect(killing).toHaveLength(1);
    await Promise.all(killing);
    expect(sortedIds(read)).toEqual(numbered(1, EVENTS));
  }, 180_000);
});
