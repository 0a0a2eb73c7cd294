import { beforeEach, describe, expect, it } from "@jest/globals";
import { Cluster } from "../../../src/kafka/cluster.ts";
import { IdempotentProducer } from "../../../src/kafka/idempotent-producer.ts";
import type { PartitionShare } from "../../../src/kafka/partition-share.ts";
import { ProduceRound } from "../../../src/kafka/produce-round.ts";
import { Throttles } from "../../../src/kafka/throttles.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import type { ProducerParts } from "../../../src/kafka/transactional-producer.ts";
import { TransactionalProducer } from "../../../src/kafka/transactional-producer.ts";
import { RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { ProduceAttempt } from "../../../src/relay/observer.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";
import { endedV5, produced, ScriptedBrokers, sentPartitions } from "./scripted-brokers.ts";

let clock: VirtualClock;
let brokers: ScriptedBrokers;
let attempts: ProduceAttempt[];
let stages: (readonly [string, number])[];
let throttledMs: number[];
let cluster: Cluster;
let parts: ProducerParts;

beforeEach(async () => {
  clock = new VirtualClock();
  brokers = new ScriptedBrokers(1);
  attempts = [];
  stages = [];
  throttledMs = [];
  cluster = new Cluster(brokers, clock, 1_000);
  await cluster.refresh(["t"]);
  const observer = {
    attempted: (attempt: ProduceAttempt) => void attempts.push(attempt),
    throttled: (durationMs: number) => void throttledMs.push(durationMs),
    stage: (stage: string, durationMs: number) => void stages.push([stage, durationMs]),
    compressed: () => undefined,
  };
  const moment = (): void => undefined;
  const encoder = new RecordBatchEncoder();
  const throttles = new Throttles(clock);
  const { signal } = new AbortController();
  const produce = { channel: brokers, clock, moment, observer, requestTimeoutMs: 1_000, signal };
  const round = new ProduceRound({ ...produce, cluster, encoder, throttles });
  parts = { ...produce, round };
});

const NOBODY = (): void => undefined;

function share(): PartitionShare {
  const parts = { topic: "t", key: Buffer.from("k"), value: null, headers: [], timestampMs: 1 };
  const one = packRecord(parts);
  return { topic: "t", partition: 0, records: [one] };
}

function id(name: string): TransactionalId {
  return new TransactionalId(name, 1, { producerId: 100n, epoch: 0 });
}

async function answerProduce(afterMs: number, error = 0, throttle = 0): Promise<void> {
  const request = await brokers.next("Produce");
  await clock.advance(afterMs);
  request.answer(produced(sentPartitions(request), { "t-0": error }, throttle));
  await brokers.idle();
}

describe("what is said about the way to the brokers", () => {
  it("is how long each part of a transaction took, its turn included", async () => {
    const transactions = new TransactionalProducer(parts, "v2", [id("a"), id("b")], false);
    const all = [
      transactions.publish([[share()]], NOBODY),
      transactions.publish([[share()]], NOBODY),
    ];
    await answerProduce(30);
    const end = await brokers.next("EndTxn");
    await clock.advance(5);
    end.answer(endedV5(0, 100n, 1));
    await answerProduce(10);
    (await brokers.next("EndTxn")).answer(endedV5(0, 100n, 1));
    await Promise.all(all);
    expect(stages).toEqual([
      ["turn", 0],
      ["produce", 30],
      ["checkpoint", 5],
      ["turn", 35],
      ["produce", 10],
      ["checkpoint", 0],
    ]);
    expect(attempts).toEqual([
      { outcome: "ok", reason: null, durationMs: 30 },
      { outcome: "ok", reason: null, durationMs: 10 },
    ]);
  });

  it("is the same of a delivery without transactions", async () => {
    const limits = { retryMs: 1_000, epochMs: 60_000 };
    const producer = new IdempotentProducer(parts, cluster, id("a"), limits);
    const done = producer.publish([[share()]], [share()], NOBODY);
    await answerProduce(20);
    await answerProduce(7);
    await done;
    expect(stages).toEqual([
      ["turn", 0],
      ["produce", 20],
      ["checkpoint", 7],
    ]);
  });

  it("is every request that went wrong, by the name of the error, and one without an answer", async () => {
    const limits = { retryMs: 5_000, epochMs: 60_000 };
    const producer = new IdempotentProducer(parts, cluster, id("a"), limits);
    producer.publish([[share()]], [share()], NOBODY).catch(() => undefined);
    await answerProduce(1, 19);
    await clock.advance(100);
    (await brokers.next("Produce")).lose();
    await brokers.idle();
    await clock.advance(150);
    await answerProduce(2, 10);
    expect(attempts).toEqual([
      { outcome: "retriable", reason: "NOT_ENOUGH_REPLICAS", durationMs: 1 },
      { outcome: "retriable", reason: "UNREACHABLE", durationMs: 0 },
      { outcome: "fatal", reason: "MESSAGE_TOO_LARGE", durationMs: 2 },
    ]);
  });

  it("is a wait no longer than a request may take, whatever a broker asks for", async () => {
    const limits = { retryMs: 5_000, epochMs: 60_000 };
    const producer = new IdempotentProducer(parts, cluster, id("a"), limits);
    const done = producer.publish([[share()]], [share()], NOBODY);
    await answerProduce(0, 0, 2 ** 31 - 1);
    expect(throttledMs).toEqual([1_000]);
    await clock.advance(1_000);
    await answerProduce(0);
    await done;
  });

  it("is how long a quota made us wait", async () => {
    const limits = { retryMs: 5_000, epochMs: 60_000 };
    const producer = new IdempotentProducer(parts, cluster, id("a"), limits);
    const done = producer.publish([[share()]], [share()], NOBODY);
    await answerProduce(0, 0, 250);
    expect(await brokers.idle()).toEqual([]);
    expect(throttledMs).toEqual([250]);
    await clock.advance(250);
    await answerProduce(0);
    await done;
    expect(throttledMs).toEqual([250]);
  });
});
