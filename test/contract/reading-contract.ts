import { beforeEach, expect, it } from "@jest/globals";
import type { Probe } from "./probe.ts";

let probe: Probe;
let id: string;

/** What readers are told. */
export function readingContract(
  current: () => { readonly probe: Probe; readonly id: string },
): void {
  beforeEach(() => {
    ({ probe, id } = current());
  });

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
