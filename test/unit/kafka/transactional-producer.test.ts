import { beforeEach, describe, expect, it } from "@jest/globals";
import type {
  TransactionalProducer,
  TransactionProtocol,
} from "../../../src/kafka/transactional-producer.ts";
import type { Moment } from "../../../src/relay/observer.ts";
import type { SentRequest } from "./scripted-brokers.ts";
import { endedV5, produced, ScriptedBrokers, sentPartitions } from "./scripted-brokers.ts";
import { acknowledge, NOBODY, scriptedProducer, share, watch } from "./scripted-producers.ts";

let brokers: ScriptedBrokers;
let moments: Moment[];

beforeEach(() => {
  brokers = new ScriptedBrokers(3);
  moments = [];
});

function producer(
  protocol: TransactionProtocol,
  ids: number,
  overlaps = false,
): Promise<TransactionalProducer> {
  const plan = { protocol, ids, overlaps };
  return scriptedProducer(brokers, plan, (name) => void moments.push(name));
}

describe("transactions over several ids", () => {
  it("send EndTxn once every partition has acknowledged, and the next Produce once EndTxn is answered", async () => {
    const transactions = await producer("v2", 3);
    const first = watch(transactions.publish([[share(0), share(1)]], NOBODY));
    const second = watch(transactions.publish([[share(0)]], NOBODY));
    const [one, two] = [await brokers.next("Produce"), await brokers.next("Produce")];
    acknowledge(one);
    expect(await brokers.idle()).toEqual([]);
    acknowledge(two);
    expect(await brokers.idle()).toEqual(["EndTxn"]);
    (await brokers.next("EndTxn")).answer(endedV5(0, 100n, 1));
    expect(await brokers.idle()).toEqual(["Produce"]);
    expect([first.state, second.state]).toEqual(["durable", "open"]);
  });

  it("send several rounds at once to partitions that have acknowledged one, and five at most", async () => {
    const transactions = await producer("v2", 3);
    const rounds = Array.from({ length: 8 }, () => [share(0)]);
    const all = watch(transactions.publish(rounds, NOBODY));
    acknowledge(await brokers.next("Produce"));
    expect(await brokers.idle()).toEqual(Array.from({ length: 5 }, () => "Produce"));
    const sent = await Promise.all(Array.from({ length: 5 }, () => brokers.next("Produce")));
    expect(sent.map((one) => sentPartitions(one)[0]?.sequence)).toEqual([1, 2, 3, 4, 5]);
    for (const request of sent.slice(0, 4)) acknowledge(request);
    expect(await brokers.idle()).toEqual(["Produce", "Produce"]);
    for (const request of [...sent.slice(4), await brokers.next("Produce")]) acknowledge(request);
    expect(await brokers.idle()).toEqual(["Produce"]);
    acknowledge(await brokers.next("Produce"));
    (await brokers.next("EndTxn")).answer(endedV5(0, 100n, 1));
    expect(await brokers.idle()).toEqual([]);
    expect(all.state).toBe("durable");
  });

  it("send nothing beside the first batch of a partition, and nothing to it before that is acknowledged", async () => {
    const transactions = await producer("v2", 3);
    watch(transactions.publish([[share(0)], [share(0)], [share(1)], [share(1)]], NOBODY));
    for (const partition of [0, 0, 1, 1]) {
      expect(await brokers.idle()).toEqual(["Produce"]);
      const only = await brokers.next("Produce");
      expect(sentPartitions(only)).toMatchObject([{ partition }]);
      acknowledge(only);
    }
    expect(await brokers.idle()).toEqual(["EndTxn"]);
  });

  it("keep their order while a broker makes us wait", async () => {
    const transactions = await producer("v2", 3);
    watch(transactions.publish([[share(0)], [share(0)], [share(0)]], NOBODY));
    const first = await brokers.next("Produce");
    first.answer(produced(sentPartitions(first), {}, 7));
    const sent = [await brokers.next("Produce"), await brokers.next("Produce")];
    expect(sent.map((one) => sentPartitions(one)[0]?.sequence)).toEqual([1, 2]);
  });

  it("end with an error for a round that is refused as busy while others are under way", async () => {
    const transactions = await producer("v2", 3);
    const all = watch(transactions.publish([[share(0)], [share(0)], [share(0)]], NOBODY));
    acknowledge(await brokers.next("Produce"));
    const [busy, later] = [await brokers.next("Produce"), await brokers.next("Produce")];
    busy.answer(produced(sentPartitions(busy), { "t-0": 51 }));
    later.answer(produced(sentPartitions(later), { "t-0": 45 }));
    expect(await brokers.idle()).toEqual([]);
    expect(all.state).toBe("reopen");
  });

  it("take the ids in turn, so that markers of one are written while the next is at work", async () => {
    const transactions = await producer("v2", 2);
    const ids: bigint[] = [];
    for (let round = 0; round < 3; round++) {
      watch(transactions.publish([[share(0)]], NOBODY));
      const produce = await brokers.next("Produce");
      ids.push(sentPartitions(produce)[0]?.producerId ?? -1n);
      acknowledge(produce);
      (await brokers.next("EndTxn")).answer(endedV5(0, ids.at(-1) ?? 0n, round + 1));
      await brokers.idle();
    }
    expect(ids).toEqual([100n, 101n, 100n]);
  });

  it("send a busy partition again with the same sequence before anything else goes out", async () => {
    const transactions = await producer("v2", 3);
    watch(transactions.publish([[share(0), share(1)]], NOBODY));
    watch(transactions.publish([[share(1)]], NOBODY));
    acknowledge(await brokers.next("Produce"));
    const busy = await brokers.next("Produce");
    busy.answer(produced(sentPartitions(busy), { "t-1": 51 }));
    const again = await brokers.next("Produce");
    expect(sentPartitions(again)).toEqual(sentPartitions(busy));
    expect(await brokers.idle()).toEqual([]);
    acknowledge(again);
    expect(await brokers.idle()).toEqual(["EndTxn"]);
  });

  it("publish nothing more once one failed", async () => {
    const transactions = await producer("v2", 3);
    const all = [1, 2, 3].map(() => watch(transactions.publish([[share(0)]], NOBODY)));
    acknowledge(await brokers.next("Produce"));
    (await brokers.next("EndTxn")).answer(endedV5(48, -1n, -1));
    expect(await brokers.idle()).toEqual([]);
    expect(all.map(({ state }) => state)).toEqual(["reopen", "reopen", "reopen"]);
  });

  it("take producer id and epoch from the answer to EndTxn, and start its sequences from 0", async () => {
    const transactions = await producer("v2", 1);
    watch(transactions.publish([[share(0, 7)]], NOBODY));
    acknowledge(await brokers.next("Produce"));
    (await brokers.next("EndTxn")).answer(endedV5(0, 555n, 0));
    watch(transactions.publish([[share(0)]], NOBODY));
    const [sent] = sentPartitions(await brokers.next("Produce"));
    expect(sent).toMatchObject({ producerId: 555n, epoch: 0, sequence: 0 });
  });

  it.each([
    ["leaves a partition out", (sent: SentRequest) => produced(sentPartitions(sent).slice(1))],
    [
      "names another partition",
      (sent: SentRequest) =>
        produced(sentPartitions(sent).map((one) => ({ ...one, partition: 9 }))),
    ],
    [
      "speaks of one partition more",
      (sent: SentRequest) => {
        const partitions = sentPartitions(sent);
        return produced([...partitions, ...partitions.map((one) => ({ ...one, partition: 9 }))]);
      },
    ],
    ["is cut off", (sent: SentRequest) => produced(sentPartitions(sent)).subarray(0, 6)],
    ["holds an error", (sent: SentRequest) => produced(sentPartitions(sent), { "t-0": 6 })],
  ])("do not believe an answer that %s", async (_, answer) => {
    const transactions = await producer("v2", 1);
    const first = watch(transactions.publish([[share(0)]], NOBODY));
    const produce = await brokers.next("Produce");
    produce.answer(answer(produce));
    expect(await brokers.idle()).toEqual([]);
    expect(first.state).toBe("reopen");
    const later = watch(transactions.publish([[share(0)]], NOBODY));
    expect(await brokers.idle()).toEqual([]);
    expect(later.state).toBe("reopen");
  });

  it("announce each step once it is done", async () => {
    const transactions = await producer("v2", 1);
    const done = transactions.publish([[share(0), share(1)]], NOBODY);
    const [one, two] = [await brokers.next("Produce"), await brokers.next("Produce")];
    await brokers.idle();
    acknowledge(one);
    await brokers.idle();
    acknowledge(two);
    const end = await brokers.next("EndTxn");
    await brokers.idle();
    end.answer(endedV5(0, 100n, 1));
    await done;
    expect(moments).toEqual([
      "produce-sent",
      "produce-answered",
      "produce-acked",
      "end-sent",
      "end-acked",
    ]);
  });
});

describe("transactions that overlap", () => {
  it("produce the next one as soon as EndTxn is on its way, but end it only once that is answered", async () => {
    const transactions = await producer("v2", 3, true);
    let handedOver = 0;
    const next = (): void => void (handedOver += 1);
    const all = [1, 2, 3].map(() => watch(transactions.publish([[share(0)]], next)));
    const first = await brokers.next("Produce");
    expect([await brokers.idle(), handedOver]).toEqual([[], 0]);
    acknowledge(first);
    expect(await brokers.idle()).toEqual(["EndTxn", "Produce"]);
    expect(handedOver).toBe(1);
    const end = await brokers.next("EndTxn");
    acknowledge(await brokers.next("Produce"));
    expect([await brokers.idle(), handedOver]).toEqual([[], 1]);
    end.answer(endedV5(0, 100n, 1));
    expect(await brokers.idle()).toEqual(["EndTxn", "Produce"]);
    expect([handedOver, all.map(({ state }) => state)]).toEqual([2, ["durable", "open", "open"]]);
  });

  it("publish nothing more once an EndTxn failed, also what is acknowledged already", async () => {
    const transactions = await producer("v2", 3, true);
    const all = [1, 2, 3].map(() => watch(transactions.publish([[share(0)]], NOBODY)));
    acknowledge(await brokers.next("Produce"));
    const end = await brokers.next("EndTxn");
    acknowledge(await brokers.next("Produce"));
    end.answer(endedV5(48, -1n, -1));
    expect(await brokers.idle()).toEqual([]);
    expect(all.map(({ state }) => state)).toEqual(["reopen", "reopen", "reopen"]);
  });
});
