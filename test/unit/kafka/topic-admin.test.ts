import { beforeEach, describe, expect, it } from "@jest/globals";
import { ERROR } from "../../../src/kafka/error-code.ts";
import { GO_ON, RefusingBrokers, row } from "./refusing-brokers.ts";

let brokers: RefusingBrokers;

beforeEach(() => {
  brokers = new RefusingBrokers({ topicAutoCreate: { partitions: 2, replicationFactor: 3 } });
});

describe("a topic that the relay creates", () => {
  it("and whose name collides is refused with the name of the other, and the one beside it is made", async () => {
    brokers.cluster.createTopic("events.a_b", 1);
    await brokers.sink.learn(["events.a.b", "events.c"], false, GO_ON);
    const refused = brokers.sink.refuse(row("events.a.b", "one"));
    expect(refused).toMatchObject({ code: "TOPIC_INVALID", remedy: "halt" });
    expect(refused?.message).toContain("collides with existing topic: events.a_b");
    expect(refused?.message).toContain("events.a.b");
    expect(brokers.sink.refuse(row("events.c", "two"))).toBeNull();
    expect(brokers.cluster.topics.get("events.c")?.logs).toHaveLength(2);
    brokers.cluster.topics.delete("events.a_b");
    await brokers.sink.learn(["events.a.b"], true, GO_ON);
    expect(brokers.sink.refuse(row("events.a.b", "one"))).toBeNull();
  });

  it.each([
    [44, "Topic name must start with team-", "create.topic.policy.class.name"],
    [38, "Unable to replicate the partition 3 time(s)", "RELAY_TOPIC_REPLICATION_FACTOR"],
    [37, "Number of partitions is above the limit", "RELAY_TOPIC_PARTITIONS"],
    [29, "", "--operation Create --topic events"],
    [31, "", "--operation Create --topic events"],
    [40, "Invalid value", "by hand"],
    [42, "", "by hand"],
    [-1, "", "by hand"],
  ])(
    "and that Kafka refuses is refused with its words and the setting: %d",
    async (error, said, hint) => {
      brokers.cluster.refuseCreation = () => ({ error, message: said });
      await brokers.sink.learn(["events"], false, GO_ON);
      const refused = brokers.sink.refuse(row("events", "one"));
      expect(refused).toMatchObject({ code: "KAFKA_TOPIC_CREATION", remedy: "halt" });
      expect(refused?.message).toContain("topic events");
      expect(refused?.message).toContain(said);
      expect(refused?.hint).toContain(hint);
    },
  );

  it("is asked for again while the answer may change", async () => {
    let left = 2;
    brokers.cluster.refuseCreation = () =>
      left-- > 0 ? { error: ERROR.notController, message: "" } : null;
    const patient = new RefusingBrokers({
      topicAutoCreate: { partitions: 1, replicationFactor: -1 },
      requestTimeoutMs: 5_000,
    });
    patient.cluster.refuseCreation = brokers.cluster.refuseCreation;
    await patient.sink.learn(["events"], false, GO_ON);
    expect(patient.sink.refuse(row("events", "one"))).toBeNull();
  });

  it("and that somebody else created meanwhile is fine", async () => {
    brokers.cluster.refuseCreation = (topic) => {
      if (!brokers.cluster.topics.has(topic)) brokers.cluster.createTopic(topic, 1);
      return { error: ERROR.topicAlreadyExists, message: "Topic already exists." };
    };
    await brokers.sink.learn(["events"], false, GO_ON);
    expect(brokers.sink.refuse(row("events", "one"))).toBeNull();
  });
});

describe("the checkpoint topic", () => {
  it("that Kafka refuses to create halts the start with Kafka's words", async () => {
    brokers.cluster.topics.clear();
    brokers.cluster.refuseCreation = () => ({
      error: ERROR.invalidReplicationFactor,
      message: "Unable to replicate the partition 3 time(s)",
    });
    const [finding] = await brokers.sink.preflight(GO_ON);
    expect(finding).toMatchObject({ code: "KAFKA_TOPIC_CREATION", severity: "halt" });
    expect(finding?.message).toContain("Unable to replicate");
    expect(finding?.hint).toContain("RELAY_CHECKPOINT_REPLICATION_FACTOR");
  });
});
