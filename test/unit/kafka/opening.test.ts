import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerChannel, BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { Probe } from "../../contract/probe.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { until } from "../../support/until.ts";

const API_INIT_PRODUCER_ID = 22;
const CHECKPOINTS = "checkpoints";
const GO_ON = new AbortController().signal;

let cluster: ModelCluster;

beforeEach(() => {
  const random = (): number => Math.random();
  const options = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 2 } as const;
  cluster = new ModelCluster(options, systemClock);
  cluster.createTopic(CHECKPOINTS, 1);
  cluster.createTopic("events", 1);
});

function newSink(
  settings: Partial<KafkaSinkOptions>,
  channel: BrokerChannel = new InstantChannel(cluster, systemClock),
): KafkaSink {
  const options: KafkaSinkOptions = {
    slot: "slot",
    instanceId: "instance",
    checkpointTopic: CHECKPOINTS,
    checkpointReplicationFactor: -1,
    delivery: "exactly-once",
    transactionalIdPrefix: "relay",
    transactionalIds: 3,
    transactionTimeoutMs: 60_000,
    transactionProtocol: "auto",
    codec: null,
    topicAutoCreate: null,
    requestTimeoutMs: 200,
    epochMaxAgeMs: 60_000,
    metadataMaxAgeMs: 60_000,
    ...settings,
  };
  const admin = { create: () => Promise.resolve() };
  return new KafkaSink(options, { channel, admin }, systemClock, () => undefined);
}

async function publish(sink: KafkaSink, value: string): Promise<void> {
  const record = packRecord({
    topic: "events",
    key: Buffer.from("k"),
    value: Buffer.from(value),
    headers: [],
    timestampMs: Date.now(),
  });
  await sink.learn(["events"], false, GO_ON);
  await sink.publish({ records: [record], checkpoint: Buffer.from(value) });
}

/** Lets `first` happen before the first request of this kind goes out. */
function interrupted(apiKey: number, first: () => Promise<unknown>): BrokerChannel {
  const channel = new InstantChannel(cluster, systemClock);
  let pending: (() => Promise<unknown>) | null = first;
  return {
    isReachable: true,
    connectedBrokers: 1,
    setBrokers: () => undefined,
    close: () => undefined,
    async request(broker, lane, request: BrokerRequest) {
      if (request.apiKey === apiKey && pending !== null) {
        const before = pending;
        pending = null;
        await before();
      }
      return channel.request(broker, lane, request);
    },
  };
}

describe("opening", () => {
  it("keeps a former relay's late checkpoint out at least once too, by the epoch of the first id", async () => {
    const former = newSink({ delivery: "at-least-once" });
    await former.open(GO_ON);
    await publish(former, "before");
    const successor = newSink({ delivery: "at-least-once", instanceId: "successor" });
    await successor.open(GO_ON);
    await publish(successor, "after");
    await expect(publish(former, "late")).rejects.toMatchObject({ code: "FENCED" });
    expect((await successor.peek(GO_ON))?.toString()).toBe("after");
  });

  it("fences a relay with more ids that came between the look for predecessors and their fencing", async () => {
    const larger = newSink({ transactionalIds: 3 });
    const channel = interrupted(API_INIT_PRODUCER_ID, () => larger.open(GO_ON));
    const smaller = newSink({ transactionalIds: 1 }, channel);
    await smaller.open(GO_ON);
    await expect(publish(larger, "too late")).rejects.toMatchObject({ code: "FENCED" });
    await publish(smaller, "mine");
    const written = cluster.log("events", 0)?.entries.filter(({ kind }) => kind === "data");
    expect(written).toHaveLength(1);
  });

  it("gives no checkpoint while somebody's open transaction may hide a newer one", async () => {
    const sink = newSink({});
    await sink.open(GO_ON);
    await publish(sink, "old");
    const stranger = new Probe(new InstantChannel(cluster, systemClock), CHECKPOINTS);
    const identity = await stranger.init("stranger");
    await stranger.produceV2("stranger", identity, "open");
    await publish(sink, "new");
    await expect(newSink({}).open(GO_ON)).rejects.toMatchObject({ code: "CHECKPOINT_UNDECIDED" });
    await stranger.endV2("stranger", identity);
    expect(String(await newSink({}).open(GO_ON))).toBe("new");
  });
});

describe("at-least-once delivery", () => {
  it("asks to be opened again before brokers forget the id whose epoch keeps former relays out", async () => {
    const sink = newSink({ delivery: "at-least-once", epochMaxAgeMs: 100 });
    const startedMs = performance.now();
    await sink.open(GO_ON);
    await until(() => performance.now() - startedMs > 200, 5_000, "the epoch to be old");
    await expect(publish(sink, "a")).rejects.toMatchObject({
      code: "KAFKA_EPOCH_RENEWAL",
      remedy: "reopen",
    });
  });
});
