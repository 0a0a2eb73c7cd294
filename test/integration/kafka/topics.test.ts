import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createTopics, uniqueName, withAdmin } from "../../support/services.ts";
import { batch, GO_ON, publishAsRelay, record, Sinks } from "./sinks.ts";

let sinks: Sinks;
let topic: string;

beforeEach(() => {
  sinks = new Sinks();
  topic = uniqueName("events");
});

afterEach(() => sinks.close());

describe("a topic", () => {
  it("that is missing is refused with the command that creates it, until it is there", async () => {
    const { sink } = await sinks.open();
    expect(sink.knows(topic)).toBe(false);
    await sink.learn([topic], false, GO_ON);
    const refusal = sink.refuse(record(topic, "k", "1"));
    expect(refusal).toMatchObject({ code: "TOPIC_MISSING", remedy: "halt" });
    expect(refusal?.hint).toContain(`--create --topic ${topic}`);
    await createTopics([topic]);
    await sink.learn([topic], true, GO_ON);
    expect(sink.refuse(record(topic, "k", "1"))).toBeNull();
    await publishAsRelay(sink, batch([record(topic, "k", "1")], "1"));
  });

  it("that is missing is created with the partitions of the settings, where they say so", async () => {
    const { sink } = await sinks.open({
      topicAutoCreate: { partitions: 5, replicationFactor: -1 },
    });
    await sink.learn([topic], false, GO_ON);
    expect(sink.refuse(record(topic, "k", "1"))).toBeNull();
    await publishAsRelay(sink, batch([record(topic, "k", "1")], "1"));
    const { topics } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }));
    expect(topics[0]?.partitions).toHaveLength(5);
  });

  it("whose name Kafka cannot take is refused as invalid, and others are learned with it", async () => {
    await createTopics([topic]);
    const { sink } = await sinks.open();
    const bad = ["", "..", "a b", "ä", "x".repeat(250)];
    await sink.learn([...bad, topic], false, GO_ON);
    for (const name of bad) {
      expect(sink.refuse(record(name, "k", "1"))).toMatchObject({
        code: "TOPIC_INVALID",
        remedy: "halt",
      });
    }
    expect(sink.refuse(record(topic, "k", "1"))).toBeNull();
  });

  it("takes a record of exactly max.message.bytes and refuses one byte more, with both sizes", async () => {
    await createTopics([topic], { config: { "max.message.bytes": "10000" } });
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    const sizes = Array.from({ length: 200 }, (_, i) => 9_850 + i);
    const accepted = sizes.filter(
      (size) => sink.refuse(record(topic, "k", "x".repeat(size))) === null,
    );
    const largest = Math.max(...accepted);
    expect(largest).toBeLessThan(10_000);
    await sink.publish(batch([record(topic, "k", "x".repeat(largest))], "1"));
    const refusal = sink.refuse(record(topic, "k", "x".repeat(largest + 1)));
    expect(refusal).toMatchObject({ code: "RECORD_TOO_LARGE", remedy: "halt" });
    expect(refusal?.message).toContain("10001 bytes");
    expect(refusal?.message).toContain("10000");
  });

  it("is forgotten by opening: what was learned before may hold no more", async () => {
    await createTopics([topic]);
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    expect(sink.knows(topic)).toBe(true);
    await sink.open(GO_ON);
    expect(sink.knows(topic)).toBe(false);
  });

  it("is looked at again once what is known is too old", async () => {
    await createTopics([topic]);
    const { sink } = await sinks.open({ metadataMaxAgeMs: 0 });
    await sink.learn([topic], false, GO_ON);
    expect(sink.knows(topic)).toBe(false);
  });
});

describe("preflight", () => {
  it("creates the checkpoint topic compacted and with one partition, and finds nothing wrong", async () => {
    const sink = sinks.make();
    expect(await sink.preflight(GO_ON)).toEqual([]);
    expect(await sink.preflight(GO_ON)).toEqual([]);
    const name = `outbox-relay.checkpoint.${sinks.slot}`;
    const { topics } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [name] }));
    expect(topics[0]?.partitions).toHaveLength(1);
    const { resources } = await withAdmin((admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name }] }),
    );
    const entries = resources[0]?.configEntries ?? [];
    const policy = entries.find(({ configName }) => configName === "cleanup.policy");
    expect(policy?.configValue).toBe("compact");
  });

  it.each([
    ["two partitions", { partitions: 2, config: { "cleanup.policy": "compact" } }],
    ["deletion", { config: { "cleanup.policy": "delete" } }],
    ["deletion beside compaction", { config: { "cleanup.policy": "compact,delete" } }],
    ["compression", { config: { "cleanup.policy": "compact", "compression.type": "gzip" } }],
  ])("halts at a checkpoint topic with %s", async (_, options) => {
    const name = `outbox-relay.checkpoint.${sinks.slot}`;
    await createTopics([name], options);
    const [finding, ...others] = await sinks.make().preflight(GO_ON);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "CONFIG_CHECKPOINT_TOPIC", severity: "halt" });
    expect(finding?.message).toContain(name);
  });

  it("reports brokers that are away as something that may pass", async () => {
    const sink = sinks.make({ brokers: ["127.0.0.1:1"] });
    expect(await sink.preflight(GO_ON)).toMatchObject([
      { code: "KAFKA_UNREACHABLE", severity: "retry" },
    ]);
    expect(sink.status().reachable).toBe(false);
  });

  it("tells that brokers answer, and how many there are", async () => {
    const { sink } = await sinks.open();
    expect(sink.status()).toEqual({ reachable: true, brokers: 1, connected: 1 });
  });
});
