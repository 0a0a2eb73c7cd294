import { beforeEach, describe, expect, it } from "@jest/globals";
import type {
  TransactionalProducer,
  TransactionProtocol,
} from "../../../src/kafka/transactional-producer.ts";
import {
  endedV2,
  endedV5,
  partitionsAdded,
  ScriptedBrokers,
  sentPartitions,
} from "./scripted-brokers.ts";
import { acknowledge, NOBODY, scriptedProducer, share, watch } from "./scripted-producers.ts";

let brokers: ScriptedBrokers;

beforeEach(() => {
  brokers = new ScriptedBrokers(3);
});

function producer(
  protocol: TransactionProtocol,
  ids: number,
  overlaps = false,
): Promise<TransactionalProducer> {
  const plan = { protocol, ids, overlaps };
  return scriptedProducer(brokers, plan);
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

  it.each([
    ["the refusal of a partition rather than that the others were not tried", [55, 29], "(29)"],
    ["that nothing was tried where no partition is refused", [55, 55], "(55)"],
    ["an answer that leaves a partition out", [0], "without t-1"],
    ["an answer about nothing", [], "without t-0"],
  ])("names %s", async (_, errors, name) => {
    const transactions = await producer("v1", 1);
    const first = watch(transactions.publish([[share(0), share(1)]], NOBODY));
    (await brokers.next("AddPartitionsToTxn")).answer(partitionsAdded("t", errors));
    expect(await brokers.idle()).toEqual([]);
    expect(first.message).toContain(name);
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
