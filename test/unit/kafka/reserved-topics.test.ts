import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";

const GO_ON = new AbortController().signal;
const CHECKPOINTS = MODEL_SINK_OPTIONS.checkpointTopic;
const PRODUCE = 0;

let cluster: ModelCluster;
let sent: BrokerRequest[];

class WatchedChannel extends InstantChannel {
  override request(...asked: Parameters<InstantChannel["request"]>): Promise<Buffer> {
    sent.push(asked[2]);
    return super.request(...asked);
  }
}

beforeEach(() => {
  const random = (): number => Math.random();
  const options = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 2 } as const;
  cluster = new ModelCluster(options, systemClock);
  cluster.createTopic(CHECKPOINTS, 1);
  sent = [];
});

async function opened(
  delivery: "exactly-once" | "at-least-once",
  checkpointTopic = CHECKPOINTS,
): Promise<KafkaSink> {
  const options = { ...MODEL_SINK_OPTIONS, checkpointTopic };
  const sink = new KafkaSink(
    { ...options, delivery, topicAutoCreate: { partitions: 1, replicationFactor: -1 } },
    { channel: new WatchedChannel(cluster, systemClock) },
    systemClock,
    () => undefined,
  );
  await sink.preflight(GO_ON);
  await sink.open(GO_ON);
  sent.length = 0;
  return sink;
}

function recordTo(topic: string): Parameters<KafkaSink["refuse"]>[0] {
  const parts = { key: Buffer.from("slot"), value: Buffer.from("{}"), headers: [], timestampMs: 1 };
  return packRecord({ topic, ...parts });
}

describe.each(["exactly-once", "at-least-once"] as const)("with %s delivery a row", (delivery) => {
  it.each([
    ["this relay's checkpoint topic", CHECKPOINTS],
    ["another relay's checkpoint topic, there or not", "outbox-relay.checkpoint.neighbour"],
    ["a topic of Kafka's own", "__consumer_offsets"],
  ])("for %s is refused before anything is asked or created", async (_, topic) => {
    const sink = await opened(delivery);
    await sink.learn([topic], false, GO_ON);
    expect(sink.knows(topic)).toBe(true);
    expect(sink.refuse(recordTo(topic))).toMatchObject({ code: "TOPIC_INVALID", remedy: "halt" });
    expect(sent).toEqual([]);
  });

  it("for a topic that another relay made for its checkpoint is refused, whatever its name", async () => {
    const [other, alike] = ["state-of-others", "alike"];
    const neighbour = await opened(delivery, other);
    await neighbour.close();
    const settings = cluster.topics.get(other)?.config ?? new Map<string, string>();
    const { config } = cluster.createTopic(alike, 2);
    for (const [name, value] of settings) config.set(name, value);
    const sink = await opened(delivery);
    await sink.learn([other, alike], false, GO_ON);
    const refused = sink.refuse(recordTo(other));
    expect(refused).toMatchObject({ code: "TOPIC_INVALID", remedy: "halt" });
    expect(refused?.message).toContain("a relay made it for its own checkpoint");
    expect(sink.refuse(recordTo(alike))).toBeNull();
    settings.set("cleanup.policy", "compact,delete");
    await sink.learn([other], true, GO_ON);
    expect(sink.refuse(recordTo(other))).toBeNull();
  });

  it("for a topic that Kafka calls internal is refused, whatever its name", async () => {
    cluster.createTopic("looks-harmless", 1).isInternal = true;
    const sink = await opened(delivery);
    await sink.learn(["looks-harmless", "fresh"], false, GO_ON);
    const refused = sink.refuse(recordTo("looks-harmless"));
    expect(refused).toMatchObject({ code: "TOPIC_INVALID", remedy: "halt" });
    expect(refused?.message).toContain("internal");
    expect(sink.refuse(recordTo("fresh"))).toBeNull();
    expect(sent.filter(({ apiKey }) => apiKey === PRODUCE)).toEqual([]);
  });
});
