import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerChannel, BrokerRequest, Lane } from "../../../src/kafka/broker-channel.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";

const CHECKPOINTS = MODEL_SINK_OPTIONS.checkpointTopic;
const QUESTIONS = new Set([3, 10, 18]);
const GO_ON = new AbortController().signal;

let cluster: ModelCluster;
let channel: WatchedChannel;
let sink: KafkaSink;

/** Notes what is asked and when the connections are closed; some brokers cannot be reached. */
class WatchedChannel implements BrokerChannel {
  readonly isReachable = true;
  readonly connectedBrokers = 1;
  readonly asked: { readonly broker: number; readonly lane: Lane; readonly apiKey: number }[] = [];
  readonly unreachable = new Set<number>();
  closes = 0;
  readonly #channel = new InstantChannel(cluster, systemClock);

  request(broker: number | "any", lane: Lane, request: BrokerRequest): Promise<Buffer> {
    const id = broker === "any" ? 0 : broker;
    this.asked.push({ broker: id, lane, apiKey: request.apiKey });
    if (!this.unreachable.has(id)) return this.#channel.request(broker, lane, request);
    const details = { code: "KAFKA_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
    return Promise.reject(new RelayError(`broker ${id} does not answer`, details));
  }

  setBrokers(): void {
    // Ids are addresses here.
  }

  close(): void {
    this.closes += 1;
  }
}

beforeEach(() => {
  const random = (): number => Math.random();
  const options = { brokers: 3, transactionVersion: 2, random, markerDelayMsMax: 2 } as const;
  cluster = new ModelCluster(options, systemClock);
  cluster.createTopic(CHECKPOINTS, 1);
  channel = new WatchedChannel();
  sink = new KafkaSink(MODEL_SINK_OPTIONS, { channel }, systemClock, () => undefined);
});

describe("a probe of the cluster", () => {
  it("asks the checkpoint's leader and the ids' coordinator over both connections, and changes nothing", async () => {
    await sink.probe(GO_ON);
    const greeted = channel.asked.filter(({ apiKey, broker }) => apiKey === 18 && broker > 0);
    expect(greeted.map(({ broker, lane }) => `${broker} ${lane}`).toSorted()).toEqual([
      "1 coordinator",
      "1 data",
      "3 coordinator",
      "3 data",
    ]);
    expect(channel.asked.every(({ apiKey }) => QUESTIONS.has(apiKey))).toBe(true);
  });

  it.each([
    ["the leader of the checkpoint", 1],
    ["the coordinator of the transactional ids", 3],
  ])("fails when %s cannot be reached, although others answer", async (_, broker) => {
    channel.unreachable.add(broker);
    await expect(sink.probe(GO_ON)).rejects.toMatchObject({ code: "KAFKA_UNREACHABLE" });
    expect(await sink.preflight(GO_ON)).toMatchObject([
      { code: "KAFKA_UNREACHABLE", severity: "retry" },
    ]);
  });

  it("leaves connections that the opening behind it uses; a second opening begins with new ones", async () => {
    await sink.probe(GO_ON);
    await sink.open(GO_ON);
    expect(channel.closes).toBe(0);
    await sink.open(GO_ON);
    expect(channel.closes).toBe(1);
    await sink.close();
    await sink.open(GO_ON);
    expect(channel.closes).toBe(2);
  });
});
