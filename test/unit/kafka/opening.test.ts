import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerChannel, BrokerRequest } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { Probe } from "../../contract/probe.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";
import { until } from "../../support/until.ts";

const API_INIT_PRODUCER_ID = 22;
const API_END_TXN = 26;
const CHECKPOINTS = MODEL_SINK_OPTIONS.checkpointTopic;
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
  const options = { ...MODEL_SINK_OPTIONS, ...settings };
  return new KafkaSink(options, { channel }, systemClock, () => undefined);
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

/** Keeps EndTxn from being answered once it is told to. */
class EndlessChannel extends InstantChannel {
  isEndless = false;

  override request(...asked: Parameters<InstantChannel["request"]>): Promise<Buffer> {
    const [, , { apiKey }, sent] = asked;
    if (!this.isEndless || apiKey !== API_END_TXN) return super.request(...asked);
    sent?.();
    return new Promise(() => undefined);
  }
}

describe("while a transaction commits", () => {
  it.each([
    { wants: "v2" as const, transactionalIds: 3, isTaken: true },
    { wants: "v2" as const, transactionalIds: 2, isTaken: false },
    { wants: "v1" as const, transactionalIds: 3, isTaken: false },
  ])(
    "the next batch is taken only where a successor can finish the commit: $wants, $transactionalIds ids",
    async ({ wants, transactionalIds, isTaken }) => {
      const channel = new EndlessChannel(cluster, systemClock);
      const sink = newSink({ transactionProtocol: wants, transactionalIds }, channel);
      await sink.open(GO_ON);
      channel.isEndless = true;
      let isNextWanted = false;
      const next = (): void => void (isNextWanted = true);
      void sink.publish({ records: [], checkpoint: Buffer.from("one") }, next);
      await systemTurns();
      expect(isNextWanted).toBe(isTaken);
    },
  );
});

/** Answers of the model come at once, so that all is done after a few turns of the event loop. */
async function systemTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
