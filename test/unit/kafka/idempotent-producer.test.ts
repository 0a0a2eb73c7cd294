import { beforeEach, describe, expect, it } from "@jest/globals";
import { IdempotentProducer } from "../../../src/kafka/idempotent-producer.ts";
import type { Round } from "../../../src/kafka/partition-share.ts";
import { TransactionalId } from "../../../src/kafka/transactional-id.ts";
import type { SentRequest } from "./scripted-brokers.ts";
import { produced, ScriptedBrokers, sentPartitions } from "./scripted-brokers.ts";
import { acknowledge, NOBODY, scriptedParts, share } from "./scripted-producers.ts";

const CHECKPOINT = 2;

function round(partition = 0): Round {
  return [share(partition)];
}

let brokers: ScriptedBrokers;
let producer: IdempotentProducer;

beforeEach(async () => {
  brokers = new ScriptedBrokers(3);
  const parts = await scriptedParts(brokers);
  const id = new TransactionalId("id", 1, { producerId: 100n, epoch: 0 });
  producer = new IdempotentProducer(parts, parts.cluster, id, { retryMs: 1_000, epochMs: 60_000 });
});

/** The requests that wait for an answer, in the order they were sent, with partition and first sequence. */
async function waiting(count: number): Promise<SentRequest[]> {
  const requests: SentRequest[] = [];
  while (requests.length < count) requests.push(await brokers.next("Produce"));
  return requests;
}

function places(requests: readonly SentRequest[]): string[] {
  return requests.map((request) =>
    sentPartitions(request)
      .map(({ partition, sequence }) => `${partition}:${sequence}`)
      .join(),
  );
}

/** The first batch of a partition goes alone; after it several may be under way. */
async function begin(): Promise<void> {
  const done = producer.publish([round()], round(CHECKPOINT), NOBODY);
  acknowledge(await brokers.next("Produce"));
  acknowledge(await brokers.next("Produce"));
  await done;
}

describe("at-least-once delivery", () => {
  it("has five requests under way, also of several batches, and no more", async () => {
    await begin();
    let handedOver = 0;
    const next = (): void => void (handedOver += 1);
    void producer.publish([round(), round(), round()], round(CHECKPOINT), next);
    void producer.publish([round(), round(), round()], round(CHECKPOINT), next);
    const sent = await waiting(5);
    expect(places(sent)).toEqual(["0:1", "0:2", "0:3", "0:4", "0:5"]);
    expect([await brokers.idle(), handedOver]).toEqual([[], 1]);
    acknowledge(sent[0] as SentRequest);
    expect([places(await waiting(1)), handedOver]).toEqual([["0:6"], 2]);
  });

  it("writes a checkpoint once all events before it are acknowledged, those of earlier batches too", async () => {
    await begin();
    void producer.publish([round()], round(CHECKPOINT), NOBODY);
    void producer.publish([round()], round(CHECKPOINT), NOBODY);
    const [first, second] = await waiting(2);
    acknowledge(second as SentRequest);
    expect(await brokers.idle()).toEqual([]);
    acknowledge(first as SentRequest);
    const checkpoint = await waiting(1);
    expect([places(checkpoint), await brokers.idle()]).toEqual([["2:1"], []]);
    acknowledge(checkpoint[0] as SentRequest);
    expect(places(await waiting(1))).toEqual(["2:2"]);
  });

  it("sends again in order, one at a time and with the same sequences, what was refused for now", async () => {
    await begin();
    const done = producer.publish([round(), round(), round()], round(CHECKPOINT), NOBODY);
    const [first, second, third] = await waiting(3);
    (third as SentRequest).answer(produced(sentPartitions(third as SentRequest), { "t-0": 45 }));
    (first as SentRequest).answer(produced(sentPartitions(first as SentRequest), { "t-0": 6 }));
    (second as SentRequest).lose();
    for (const expected of ["0:1", "0:2", "0:3", "2:1"]) {
      const again = await waiting(1);
      expect([places(again), await brokers.idle()]).toEqual([[expected], []]);
      acknowledge(again[0] as SentRequest);
    }
    await done;
  });

  it("takes a repetition that the broker recognises for written", async () => {
    await begin();
    const done = producer.publish([round(), round()], round(CHECKPOINT), NOBODY);
    const sent = await waiting(2);
    for (const request of sent) request.lose();
    for (let again = 0; again < 2; again++) {
      const request = await brokers.next("Produce");
      request.answer(produced(sentPartitions(request), { "t-0": 46 }));
    }
    acknowledge(await brokers.next("Produce"));
    await done;
    expect(await brokers.idle()).toEqual([]);
  });

  it("gives up where one is missing that nobody sends again, and publishes nothing more", async () => {
    await begin();
    const done = producer.publish([round()], round(CHECKPOINT), NOBODY);
    const gap = await brokers.next("Produce");
    gap.answer(produced(sentPartitions(gap), { "t-0": 45 }));
    const again = await brokers.next("Produce");
    again.answer(produced(sentPartitions(again), { "t-0": 45 }));
    await expect(done).rejects.toMatchObject({ remedy: "reopen" });
    await expect(producer.publish([round()], round(CHECKPOINT), NOBODY)).rejects.toMatchObject({
      remedy: "reopen",
    });
    expect(await brokers.idle()).toEqual([]);
  });
});
