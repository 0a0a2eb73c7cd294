import { beforeEach, expect, it } from "@jest/globals";
import type { Probe } from "./probe.ts";

let probe: Probe;
let id: string;

/** What a successor does to a predecessor by taking its transactional id. */
export function fencingContract(
  current: () => { readonly probe: Probe; readonly id: string },
): void {
  beforeEach(() => {
    ({ probe, id } = current());
  });

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
  refusals();
}

function refusals(): void {
  it("refuses the predecessor everything, in the older protocol", async () => {
    const first = await probe.init(id);
    await probe.openV1(id, first, "open");
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
    await probe.openV1(id, first, "open");
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
