import { beforeEach, describe, expect, it } from "@jest/globals";
import { Cluster } from "../../../src/kafka/cluster.ts";
import type { PartitionShare } from "../../../src/kafka/partition-share.ts";
import { ProduceRound } from "../../../src/kafka/produce-round.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import type { TransactionProtocol } from "../../../src/kafka/transactional-producer.ts";
import { TransactionalProducer } from "../../../src/kafka/transactional-producer.ts";
import { RecordBatchEncoder } from "../../../src/kafka/wire/record-batch.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import type { Moment } from "../../../src/relay/observer.ts";
import { SILENT_SINK_OBSERVER } from "../../../src/relay/observer.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import type { SentRequest } from "./scripted-brokers.ts";
import {
  endedV2,
  endedV5,
  partitionsAdded,
  produced,
  ScriptedBrokers,
  sentPartitions,
} from "./scripted-brokers.ts";

/** Time passes at once: what waits goes on in the next turn. */
const clock: Clock = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after(_, callback) {
    const timer = setImmediate(callback);
    return () => clearImmediate(timer);
  },
  random: () => 0.5,
};

function share(partition: number, count = 1): PartitionShare {
  const parts = { topic: "t", key: Buffer.from("k"), value: null, headers: [], timestampMs: 1 };
  const one = packRecord(parts);
  return { topic: "t", partition, records: Array.from({ length: count }, () => one) };
}

const NOBODY = (): void => undefined;

let brokers: ScriptedBrokers;
let moments: Moment[];

beforeEach(() => {
  brokers = new ScriptedBrokers(3);
  moments = [];
});

async function producer(
  protocol: TransactionProtocol,
  ids: number,
  overlaps = false,
): Promise<TransactionalProducer> {
  const cluster = new Cluster(brokers, clock, 1_000);
  await cluster.refresh(["t"]);
  const moment = (name: Moment): void => void moments.push(name);
  const round = new ProduceRound(brokers, cluster, new RecordBatchEncoder(), clock, moment);
  const observer = SILENT_SINK_OBSERVER;
  const parts = { channel: brokers, round, clock, moment, observer, requestTimeoutMs: 1_000 };
  const taken = Array.from({ length: ids }, (_, i) => {
    return new TransactionalId(`id-${i}`, 1, { producerId: 100n + BigInt(i), epoch: 0 });
  });
  return new TransactionalProducer(parts, protocol, taken, overlaps);
}

function acknowledge(request: SentRequest): void {
  request.answer(produced(sentPartitions(request)));
}

/** How it ended, looked at without waiting. */
function watch(publish: Promise<void>): { state: string } {
  const seen = { state: "open" };
  publish.then(
    () => void (seen.state = "durable"),
    (error: { remedy?: string }) => void (seen.state = error.remedy ?? "bug"),
  );
  return seen;
}

describe("an EndTxn without an answer", () => {
  it("is repeated once in protocol v2, where the epoch makes the second answer definite", async () => {
    const transactions = await producer("v2", 1);
    const first = watch(transactions.publish([[share(0)]], NOBODY));
    acknowledge(await brokers.next("Produce"));
    const end = await brokers.next("EndTxn");
    end.lose();
    const again = await brokers.next("EndTxn");
    expect(again.payload).toEqual(end.payload);
    again.answer(endedV5(0, 100n, 1));
    expect(await brokers.idle()).toEqual([]);
    expect(first.state).toBe("durable");
  });

  it("is repeated no second time", async () => {
    const transactions = await producer("v2", 1);
    const first = watch(transactions.publish([[share(0)]], NOBODY));
    acknowledge(await brokers.next("Produce"));
    (await brokers.next("EndTxn")).lose();
    (await brokers.next("EndTxn")).lose();
    expect(await brokers.idle()).toEqual([]);
    expect(first.state).toBe("reopen");
  });

  it("is never repeated in protocol v1, where it could end a later transaction", async () => {
    const transactions = await producer("v1", 1);
    const first = watch(transactions.publish([[share(0)]], NOBODY));
    (await brokers.next("AddPartitionsToTxn")).answer(partitionsAdded("t", [0]));
    acknowledge(await brokers.next("Produce"));
    const end = await brokers.next("EndTxn");
    expect(end.apiVersion).toBe(2);
    end.lose();
    expect(await brokers.idle()).toEqual([]);
    expect(first.state).toBe("reopen");
  });
});

describe("protocol v1", () => {
  it("adds the partitions first, asks again while the id is busy, and produces in the older version", async () => {
    const transactions = await producer("v1", 1);
    const first = watch(transactions.publish([[share(0)]], NOBODY));
    (await brokers.next("AddPartitionsToTxn")).answer(partitionsAdded("t", [51]));
    const again = await brokers.next("AddPartitionsToTxn");
    expect([again.lane, await brokers.idle()]).toEqual(["coordinator", []]);
    again.answer(partitionsAdded("t", [0]));
    const produce = await brokers.next("Produce");
    expect([produce.apiVersion, produce.lane]).toEqual([11, "data"]);
    acknowledge(produce);
    (await brokers.next("EndTxn")).answer(endedV2(0));
    expect(await brokers.idle()).toEqual([]);
    expect(first.state).toBe("durable");
  });

  it("counts sequences on from one transaction to the next: its epoch stays", async () => {
    const transactions = await producer("v1", 1);
    watch(transactions.publish([[share(0, 7)]], NOBODY));
    (await brokers.next("AddPartitionsToTxn")).answer(partitionsAdded("t", [0]));
    acknowledge(await brokers.next("Produce"));
    (await brokers.next("EndTxn")).answer(endedV2(0));
    watch(transactions.publish([[share(0)]], NOBODY));
    (await brokers.next("AddPartitionsToTxn")).answer(partitionsAdded("t", [0]));
    expect(sentPartitions(await brokers.next("Produce"))[0]).toMatchObject({
      epoch: 0,
      sequence: 7,
    });
  });
});
