import { describe, expect, it } from "@jest/globals";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";
import { GO_ON, RefusingBrokers, row } from "./refusing-brokers.ts";

const DELIVERIES = ["exactly-once", "at-least-once"] as const;

function withTopic(delivery: (typeof DELIVERIES)[number]): RefusingBrokers {
  const brokers = new RefusingBrokers({ delivery });
  brokers.cluster.createTopic("events", 1);
  return brokers;
}

/** Bytes of the batches that the model was asked to append to `events`. */
function refuseAbove(brokers: RefusingBrokers, bytesMax: number, error: number): number[] {
  const sizes: number[] = [];
  brokers.cluster.inject = ({ topic }, batch) => {
    if (topic !== "events") return null;
    sizes.push(batch.length);
    return batch.length > bytesMax ? { error, isApplied: false } : null;
  };
  return sizes;
}

describe.each(DELIVERIES)("with %s delivery a batch that is too large", (delivery) => {
  it("for segment.bytes is refused before it is sent, with the command for each setting that is too small", async () => {
    const brokers = withTopic(delivery);
    const { config } = brokers.cluster.topics.get("events") ?? { config: new Map() };
    config.set("max.message.bytes", "4000000").set("segment.bytes", "1048576");
    const problem = await brokers.attempt([row("events", "large", 1_500_000)]);
    expect(problem).toMatchObject({ code: "RECORD_TOO_LARGE", remedy: "halt" });
    expect(problem?.message).toContain("1048576 (segment.bytes)");
    expect(problem?.hint).toMatch(/--add-config segment\.bytes=150\d+\./);
    config.set("max.message.bytes", "1000000");
    const both = await brokers.attempt([row("events", "large", 1_500_000)]);
    expect(both?.message).toContain("1000000 (max.message.bytes)");
    expect(both?.hint).toMatch(/max\.message\.bytes=150\d+,segment\.bytes=150\d+/);
    config.set("max.message.bytes", "4000000").set("segment.bytes", "4000000");
    expect(await brokers.attempt([row("events", "large", 1_500_000)])).toBeNull();
  });

  it.each([
    ["MESSAGE_TOO_LARGE", 10],
    ["RECORD_LIST_TOO_LARGE", 18],
  ])("for a limit that nobody tells is divided until all of it is stored: %s", async (_, error) => {
    const brokers = withTopic(delivery);
    const sizes = refuseAbove(brokers, 5_000, error);
    const rows = Array.from({ length: 60 }, (__, i) => row("events", `row-${i}`, 1_000));
    expect(await brokers.settle(rows)).toBeNull();
    expect(Math.min(...sizes)).toBeGreaterThan(1_000);
  });

  it.each([
    ["MESSAGE_TOO_LARGE", 10],
    ["RECORD_LIST_TOO_LARGE", 18],
  ])("for a limit that nobody tells ends with the one row's name: %s", async (_, error) => {
    const brokers = withTopic(delivery);
    refuseAbove(brokers, 5_000, error);
    const rows = Array.from({ length: 20 }, (__, i) => row("events", `row-${i}`, 1_000));
    const problem = await brokers.settle([...rows, row("events", "large", 9_000), ...rows]);
    expect(problem).toMatchObject({ code: "RECORD_TOO_LARGE", remedy: "halt" });
    expect(problem?.message).toContain("id large (position p-large)");
    expect(problem?.message).toContain("max.message.bytes=1048588, segment.bytes=1073741824");
    // From now on the row is found before it is sent, until the limits change or a minute has passed.
    brokers.sent.length = 0;
    expect(await brokers.attempt([row("events", "large", 9_000)])).toMatchObject({
      code: "RECORD_TOO_LARGE",
    });
    expect(await brokers.attempt(rows)).toBeNull();
    brokers.cluster.inject = () => null;
    expect(await brokers.attempt([row("events", "large", 9_000)])).not.toBeNull();
    brokers.clock.shiftMs += 60_000;
    expect(await brokers.attempt([row("events", "large", 9_000)])).toBeNull();
  });

  it("is tried at once when the topic's limits were changed meanwhile", async () => {
    const brokers = withTopic(delivery);
    refuseAbove(brokers, 5_000, 18);
    expect(await brokers.settle([row("events", "large", 9_000)])).not.toBeNull();
    brokers.cluster.inject = () => null;
    brokers.cluster.topics.get("events")?.config.set("segment.bytes", "2000000");
    expect(await brokers.attempt([row("events", "large", 9_000)])).toBeNull();
  });
});

describe.each(DELIVERIES)("with %s delivery a topic", (delivery) => {
  it("that takes no records for good is refused by name, and others go on", async () => {
    const brokers = withTopic(delivery);
    brokers.cluster.createTopic("others", 1);
    brokers.cluster.inject = ({ topic }) =>
      topic === "events" ? { error: 17, isApplied: false } : null;
    const first = await brokers.attempt([row("events", "one")]);
    expect(first).toMatchObject({ code: "TOPIC_INVALID", remedy: "halt" });
    expect(first?.message).toContain("id one (position p-one)");
    expect(await brokers.attempt([row("others", "two")])).toBeNull();
    brokers.sent.length = 0;
    expect(await brokers.attempt([row("events", "one")])).toMatchObject({ code: "TOPIC_INVALID" });
    brokers.cluster.inject = () => null;
    brokers.clock.shiftMs += 60_000;
    expect(await brokers.attempt([row("events", "one")])).toBeNull();
  });

  it("whose refusal nobody knows is tried again, and named for good when it lasts", async () => {
    const brokers = withTopic(delivery);
    brokers.cluster.inject = ({ topic }) =>
      topic === "events" ? { error: 25, isApplied: false } : null;
    const first = await brokers.attempt([row("events", "one")]);
    expect(first).toMatchObject({ code: "KAFKA_ERROR", remedy: "reopen" });
    expect(first?.message).toContain("UNKNOWN_MEMBER_ID");
    brokers.clock.shiftMs += 31_000;
    const lasting = await brokers.attempt([row("events", "one")]);
    expect(lasting).toMatchObject({ code: "KAFKA_REFUSED", remedy: "halt" });
    expect(lasting?.message).toContain("events-0 (the outbox row with id one (position p-one))");
    brokers.cluster.inject = () => null;
    expect(await brokers.attempt([row("events", "one")])).toBeNull();
    brokers.cluster.inject = ({ topic }) =>
      topic === "events" ? { error: 25, isApplied: false } : null;
    expect(await brokers.attempt([row("events", "one")])).toMatchObject({ code: "KAFKA_ERROR" });
  });
});

describe.each(DELIVERIES)("with %s delivery a checkpoint topic", (delivery) => {
  it.each([
    ["for their size", 10, "max.message.bytes=1048588"],
    ["for the size of their batch", 18, "segment.bytes=16777216"],
    ["for their time", 32, "message.timestamp.type=LogAppendTime"],
  ])(
    "that refuses the relay's own records %s is named with the setting, at the opening and later",
    async (_why, error, setting) => {
      const brokers = withTopic(delivery);
      const { checkpointTopic } = MODEL_SINK_OPTIONS;
      let isOpen = true;
      brokers.cluster.inject = ({ topic }) =>
        topic === checkpointTopic && isOpen ? { error, isApplied: false } : null;
      const problem: unknown = expect.objectContaining({
        code: "CONFIG_CHECKPOINT_TOPIC",
        remedy: "halt",
        message: expect.stringContaining(`a record of the relay's own for ${checkpointTopic}-0`),
        hint: expect.stringContaining(setting),
      });
      await expect(brokers.sink.open(GO_ON)).rejects.toEqual(problem);
      isOpen = false;
      await brokers.sink.open(GO_ON);
      isOpen = true;
      const checkpoint = Buffer.from("{}");
      await expect(brokers.sink.publish({ records: [], checkpoint })).rejects.toEqual(problem);
      isOpen = false;
      expect(await brokers.attempt([row("events", "one")])).toBeNull();
    },
  );
});
