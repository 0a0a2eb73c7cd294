import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ProducerIdentity } from "../../src/kafka/api/init-producer-id.ts";
import { advance } from "../../src/kafka/sequences.ts";
import type { Probe } from "./probe.ts";

export interface ContractSubject {
  /** A probe on a fresh topic of two partitions. */
  probe(): Promise<Probe>;
}

let probe: Probe;
let id: string;

/** What the relay relies on in a broker, said in error codes and offsets; passed by the real one and by the model. */
export function brokerContract(subject: ContractSubject): void {
  beforeEach(async () => {
    probe = await subject.probe();
    id = `contract-${randomUUID()}`;
  });
  describe("without transactions", () => {
    plainContract();
  });
  describe("in transactions of the older protocol", () => {
    olderContract();
  });
  describe("in transactions of the newer protocol", () => {
    newerContract();
  });
  describe("when a successor takes the transactional id", () => {
    fencingContract();
  });
  describe("to readers", () => {
    readingContract();
  });
}

function plainContract(): void {
  it("names the leaders of a topic, and tells that another one does not exist", async () => {
    const { topics } = await probe.metadata([`missing-${id}`]);
    expect(topics[0]?.error).toBe(3);
  });

  it("takes each sequence once, recognises a repetition, and refuses a gap", async () => {
    const producer = await probe.init(null);
    expect(await probe.produce(producer, ["a", "b"], { sequence: 0 })).toBe(0);
    expect(await probe.produce(producer, ["c"], { sequence: 2 })).toBe(0);
    expect(await probe.produce(producer, ["a", "b"], { sequence: 0 })).toBe(0);
    expect(await probe.produce(producer, ["e"], { sequence: 4 })).toBe(45);
    expect(await probe.values()).toEqual(["a", "b", "c"]);
  });

  it("counts sequences for each partition", async () => {
    const producer = await probe.init(null);
    expect(await probe.produce(producer, ["a"], { sequence: 0 })).toBe(0);
    expect(await probe.produce(producer, ["b"], { sequence: 0, partition: 1 })).toBe(0);
    expect(await probe.produce(producer, ["c"], { sequence: 1, partition: 1 })).toBe(0);
    expect([await probe.values(0), await probe.values(1)]).toEqual([["a"], ["b", "c"]]);
  });

  it("goes on from 2^31 - 1 with 0", async () => {
    const producer = await probe.init(null);
    const last = 2 ** 31 - 2;
    expect(await probe.produce(producer, ["a"], { sequence: last })).toBe(0);
    const next = advance(last, 1);
    expect(await probe.produce(producer, ["b", "c"], { sequence: next })).toBe(0);
    expect(await probe.produce(producer, ["d"], { sequence: advance(next, 2) })).toBe(0);
    expect(advance(next, 2)).toBe(1);
  });

  it("fences nobody: two producers write to one partition", async () => {
    const [first, second] = [await probe.init(null), await probe.init(null)];
    expect(await probe.produce(first, ["a"])).toBe(0);
    expect(await probe.produce(second, ["b"])).toBe(0);
    expect(await probe.produce(first, ["c"], { sequence: 1 })).toBe(0);
    expect(await probe.values()).toEqual(["a", "b", "c"]);
  });
}

/** A transaction of the older protocol with one record, open. */
async function openV1(identity: ProducerIdentity, text: string, sequence = 0): Promise<void> {
  expect(await probe.addWhenFree(id, identity, [0])).toBe(0);
  expect(await probe.produce(identity, [text], { transactionalId: id, sequence })).toBe(0);
}

function olderContract(): void {
  it("refuses records for a partition that was not added", async () => {
    const identity = await probe.init(id);
    expect(await probe.produce(identity, ["a"], { transactionalId: id })).toBe(120);
    expect(await probe.offset("high-watermark")).toBe(0);
  });

  it("adds all partitions or none", async () => {
    const identity = await probe.init(id);
    expect((await probe.add(id, identity, [0, -1])).toSorted((a, b) => a - b)).toEqual([3, 55]);
    expect(await probe.produce(identity, ["a"], { transactionalId: id })).toBe(120);
  });

  it("holds the last stable offset back until the transaction has ended", async () => {
    const identity = await probe.init(id);
    await openV1(identity, "a");
    expect([await probe.offset("last-stable"), await probe.offset("high-watermark")]).toEqual([
      0, 1,
    ]);
    expect(await probe.endV1(id, identity)).toBe(0);
    await probe.stable();
    expect([await probe.offset("last-stable"), await probe.values()]).toEqual([2, ["a"]]);
  });

  it("keeps epoch and sequences from one transaction to the next", async () => {
    const identity = await probe.init(id);
    await openV1(identity, "a");
    await probe.endV1(id, identity);
    await openV1(identity, "b", 1);
    expect(await probe.endV1(id, identity)).toBe(0);
  });

  it("answers a repeated end with success, and the opposite end with 48", async () => {
    const identity = await probe.init(id);
    await openV1(identity, "a");
    expect(await probe.endV1(id, identity)).toBe(0);
    await probe.stable();
    expect(await probe.endV1(id, identity)).toBe(0);
    expect(await probe.endV1(id, identity, false)).toBe(48);
  });

  it("has nothing to commit at first", async () => {
    expect(await probe.endV1(id, await probe.init(id))).toBe(48);
  });

  it("lets a late end commit a later transaction: why it is never repeated (KAFKA-17754)", async () => {
    const identity = await probe.init(id);
    await openV1(identity, "a");
    await probe.endV1(id, identity);
    await openV1(identity, "half of b", 1);
    expect(await probe.endV1(id, identity)).toBe(0);
    await probe.stable();
    expect(await probe.values()).toEqual(["a", "half of b"]);
  });
}

function newerContract(): void {
  it("adds partitions by itself and raises the epoch at the end", async () => {
    const identity = await probe.init(id);
    expect(await probe.produceV2(id, identity, "a")).toBe(0);
    expect(await probe.offset("last-stable")).toBe(0);
    const next = await probe.endV2(id, identity);
    expect(next).toEqual({ error: 0, producerId: identity.producerId, epoch: identity.epoch + 1 });
    await probe.stable();
    expect(await probe.values()).toEqual(["a"]);
  });

  it("starts sequences from 0 with each epoch, and takes no other", async () => {
    const identity = await probe.init(id);
    expect(await probe.produceV2(id, identity, "a")).toBe(0);
    const next = await probe.endV2(id, identity);
    await probe.stable();
    const settings = { transactionalId: id, apiVersion: 12 } as const;
    expect(await probe.produce(next, ["b"], { ...settings, sequence: 1 })).toBe(45);
    expect(await probe.produceV2(id, next, "b")).toBe(0);
  });

  it("answers a repeated end with success and the current epoch, and the opposite end with 48", async () => {
    const identity = await probe.init(id);
    await probe.produceV2(id, identity, "a");
    const next = await probe.endV2(id, identity);
    expect(await probe.endV2(id, identity)).toEqual(next);
    expect((await probe.endV2(id, identity, false)).error).toBe(48);
  });

  it("refuses a late end once the next transaction is open", async () => {
    const identity = await probe.init(id);
    await probe.produceV2(id, identity, "a");
    const next = await probe.endV2(id, identity);
    await probe.produceV2(id, next, "half of b");
    expect((await probe.endV2(id, identity)).error).toBe(90);
    expect(await probe.offset("last-stable")).toBe(2);
  });

  it("has nothing to commit at first", async () => {
    expect((await probe.endV2(id, await probe.init(id))).error).toBe(48);
  });

  it("refuses records under the epoch of the transaction before", async () => {
    const identity = await probe.init(id);
    await probe.produceV2(id, identity, "a");
    await probe.endV2(id, identity);
    expect(await probe.produceV2(id, identity, "b")).toBe(47);
  });
}

function fencingContract(): void {
  it("raises the epoch by one when no transaction is open", async () => {
    const first = await probe.init(id);
    const second = await probe.init(id);
    expect(second).toEqual({ error: 0, producerId: first.producerId, epoch: first.epoch + 1 });
  });

  it("aborts the open transaction, answers 51 until that is done, and raises the epoch by two", async () => {
    const first = await probe.init(id);
    await probe.produceV2(id, first, "open");
    expect((await probe.initOnce(id)).error).toBe(51);
    const second = await probe.init(id);
    expect(second).toEqual({ error: 0, producerId: first.producerId, epoch: first.epoch + 2 });
    expect(await probe.offset("last-stable")).toBe(2);
    expect((await probe.fetch()).aborted).toEqual([
      { producerId: first.producerId, firstOffset: 0n },
    ]);
  });

  it("refuses the predecessor everything, in the older protocol", async () => {
    const first = await probe.init(id);
    await openV1(first, "open");
    await probe.init(id);
    expect(await probe.add(id, first, [0])).toEqual([90]);
    expect(await probe.produce(first, ["b"], { transactionalId: id, sequence: 1 })).toBe(47);
    expect(await probe.endV1(id, first)).toBe(90);
  });

  it("refuses the predecessor everything, in the newer protocol", async () => {
    const first = await probe.init(id);
    await probe.produceV2(id, first, "open");
    await probe.init(id);
    expect(await probe.produceV2(id, first, "b")).toBe(47);
    expect((await probe.endV2(id, first)).error).toBe(90);
  });

  it("tells a predecessor whose transaction was just aborted that there is none to commit, in the newer protocol", async () => {
    const first = await probe.init(id);
    await probe.produceV2(id, first, "open");
    expect((await probe.initOnce(id)).error).toBe(51);
    expect((await probe.endV2(id, first)).error).toBe(48);
  });

  it("refuses a predecessor whose transaction was just aborted, in the older protocol", async () => {
    const first = await probe.init(id);
    await openV1(first, "open");
    expect((await probe.initOnce(id)).error).toBe(51);
    expect(await probe.endV1(id, first)).toBe(90);
  });

  it("gives the id back to a predecessor that asks for it: two relays can take it from each other", async () => {
    await probe.init(id);
    const second = await probe.init(id);
    const again = await probe.init(id);
    expect(again.epoch).toBe(second.epoch + 1);
    expect(await probe.produceV2(id, second, "b")).toBe(47);
  });

  it("refuses plain batches of an older epoch too, in each partition that has seen the newer one", async () => {
    const first = await probe.init(id);
    expect(await probe.produce(first, ["a"])).toBe(0);
    const second = await probe.init(id);
    expect(await probe.produce(first, ["b"], { sequence: 1 })).toBe(0);
    expect(await probe.produce(second, ["c"])).toBe(0);
    expect(await probe.produce(first, ["d"], { sequence: 2 })).toBe(47);
    expect(await probe.values()).toEqual(["a", "b", "c"]);
  });

  it("takes no time-out that is longer than brokers allow", async () => {
    expect((await probe.init(id, 2_000_000)).error).toBe(50);
  });
}

function readingContract(): void {
  it("lists aborted transactions in the order of their ends, not of their beginnings", async () => {
    const ids = [`${id}-a`, `${id}-b`] as const;
    const a = await probe.init(ids[0]);
    const b = await probe.init(ids[1]);
    await probe.produceV2(ids[0], a, "a, first");
    await probe.produceV2(ids[1], b, "b, second");
    await probe.init(ids[1]);
    await probe.init(ids[0]);
    await probe.stable();
    const { aborted } = await probe.fetch();
    expect(aborted).toEqual([
      { producerId: b.producerId, firstOffset: 1n },
      { producerId: a.producerId, firstOffset: 0n },
    ]);
  });

  it("shows nothing past the first open transaction, also what others committed there", async () => {
    const open = await probe.init(`${id}-open`);
    await probe.produceV2(`${id}-open`, open, "open");
    const other = await probe.init(id);
    await probe.produceV2(id, other, "committed");
    await probe.endV2(id, other);
    expect([await probe.offset("last-stable"), await probe.values()]).toEqual([0, []]);
    await probe.endV2(`${id}-open`, open);
    await probe.stable();
    expect(await probe.values()).toEqual(["open", "committed"]);
  });

  it("marks the end of a transaction with one control record for each partition", async () => {
    const identity = await probe.init(id);
    await probe.produceV2(id, identity, "a");
    await probe.produceV2(id, identity, "b", 1);
    await probe.endV2(id, identity);
    await probe.stable(0);
    await probe.stable(1);
    for (const partition of [0, 1]) {
      const { batches } = await probe.fetch(0, partition);
      expect(batches.map(({ isControl, count }) => [isControl, count])).toEqual([
        [false, 1],
        [true, 1],
      ]);
    }
  });

  it("tells the log's start", async () => {
    expect(await probe.offset("start")).toBe(0);
  });
}
