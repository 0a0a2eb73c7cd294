import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { advance } from "../../src/kafka/sequences.ts";
import { fencingContract } from "./fencing-contract.ts";
import type { Probe } from "./probe.ts";
import { readingContract } from "./reading-contract.ts";

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
    fencingContract(() => ({ probe, id }));
  });
  describe("to readers", () => {
    readingContract(() => ({ probe, id }));
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
    await probe.openV1(id, identity, "a");
    expect([await probe.offset("last-stable"), await probe.offset("high-watermark")]).toEqual([
      0, 1,
    ]);
    expect(await probe.endV1(id, identity)).toBe(0);
    await probe.stable();
    expect([await probe.offset("last-stable"), await probe.values()]).toEqual([2, ["a"]]);
  });

  it("keeps epoch and sequences from one transaction to the next", async () => {
    const identity = await probe.init(id);
    await probe.openV1(id, identity, "a");
    await probe.endV1(id, identity);
    await probe.openV1(id, identity, "b", 1);
    expect(await probe.endV1(id, identity)).toBe(0);
  });

  it("answers a repeated end with success, and the opposite end with 48", async () => {
    const identity = await probe.init(id);
    await probe.openV1(id, identity, "a");
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
    await probe.openV1(id, identity, "a");
    await probe.endV1(id, identity);
    await probe.openV1(id, identity, "half of b", 1);
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
