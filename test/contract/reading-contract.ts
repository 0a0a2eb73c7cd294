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

  middleContract();
  timeContract();
  startContract();
}

function middleContract(): void {
  it("lists an aborted transaction to a reader that begins in its middle, or at its marker", async () => {
    const aborted = await probe.init(id);
    const settings = { transactionalId: id, apiVersion: 12 } as const;
    await probe.produceV2(id, aborted, "a");
    await probe.produce(aborted, ["b", "c"], { ...settings, sequence: 1 });
    await probe.init(id);
    await probe.stable();
    const expected = [{ producerId: aborted.producerId, firstOffset: 0n }];
    for (const offset of [0, 1, 2, 3]) {
      expect((await probe.fetch(offset)).aborted).toEqual(expected);
    }
    await probe.produce(await probe.init(null), ["d"]);
    expect((await probe.fetch(4)).aborted).toEqual([]);
  });

  it("hands out a batch whole, also to a reader that asks for its middle", async () => {
    await probe.produce(await probe.init(null), ["a", "b", "c"]);
    const { batches } = await probe.fetch(1);
    expect(batches.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
      [0n, 2n],
    ]);
  });

  it("names every topic that there is", async () => {
    expect(await probe.topics()).toContain(probe.topic);
  });
}

function timeContract(): void {
  it("finds the first record at or after a time, though times need not grow", async () => {
    const nowMs = Date.now();
    const producer = await probe.init(null);
    const at = (...later: number[]): number[] => later.map((ms) => nowMs + ms);
    await probe.produce(producer, ["a", "b", "c"], { timesMs: at(0, 500, 200) });
    await probe.produce(producer, ["d", "e"], { sequence: 3, timesMs: at(100, 900) });
    const offsets: number[] = [];
    for (const ms of [-1_000, 0, 1, 500, 501, 900, 901]) {
      offsets.push(await probe.offset({ atOrAfterMs: nowMs + ms }));
    }
    expect(offsets).toEqual([0, 0, 1, 1, 4, 4, -1]);
  });

  it("counts the markers of transactions as records of the time at which they were written", async () => {
    const nowMs = Date.now();
    const identity = await probe.init(id);
    const settings = { transactionalId: id, apiVersion: 12, timesMs: [nowMs - 60_000] } as const;
    expect(await probe.produce(identity, ["a"], settings)).toBe(0);
    await probe.endV2(id, identity);
    await probe.stable();
    expect(await probe.offset({ atOrAfterMs: nowMs - 60_000 })).toBe(0);
    expect(await probe.offset({ atOrAfterMs: nowMs - 59_999 })).toBe(1);
  });

  it("looks behind an open transaction too, up to the high watermark", async () => {
    const nowMs = Date.now();
    const open = await probe.init(id);
    await probe.produceV2(id, open, "open");
    const plain = await probe.init(null);
    await probe.produce(plain, ["b"], { timesMs: [nowMs + 60_000] });
    expect(await probe.offset({ atOrAfterMs: nowMs + 60_000 })).toBe(1);
  });
}

function startContract(): void {
  it("tells the log's start", async () => {
    expect(await probe.offset("start")).toBe(0);
  });

  it("moves the start where records are deleted, finds no time before it, and has nothing to fetch there", async () => {
    const producer = await probe.init(null);
    await probe.produce(producer, ["a", "b", "c"], {
      timesMs: [1, 2, 3].map((ms) => Date.now() - ms),
    });
    await probe.deleteRecords(2);
    expect(await probe.offset("start")).toBe(2);
    expect(await probe.offset({ atOrAfterMs: 1 })).toBe(2);
    expect((await probe.fetch(1)).error).toBe(1);
    expect((await probe.fetch(2)).error).toBe(0);
    expect((await probe.fetch(3)).error).toBe(0);
    expect((await probe.fetch(4)).error).toBe(1);
  });
}
