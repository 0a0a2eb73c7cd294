import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { checkHistory, isClean } from "../../../chaos/prove/check/check.ts";
import type { History, ObservedRecord } from "../../../chaos/prove/check/history.ts";
import { checkpoint, historyOf } from "./history-of.ts";

const GOOD = historyOf([["a", "bb"], ["a"], ["bb", "a", "bb"], ["ccc"]]);

/** Letters with violations, and how many each has. */
function violations(history: History): Record<string, number> {
  return Object.fromEntries(
    checkHistory(history)
      .filter((verdict) => verdict.violations > 0)
      .map((verdict) => [verdict.letter, verdict.violations]),
  );
}

/** The good history with other records, all of which the live consumer saw as well. */
function published(records: readonly ObservedRecord[]): History {
  const live = new Map(
    records.map((one) => [`${one.topic}/${one.partition}/${one.offset}`, one.id]),
  );
  return { ...GOOD, records, live };
}

function record(index: number): ObservedRecord {
  return GOOD.records[index] as ObservedRecord;
}

/** `record` again, at the end of its partition. */
function again(index: number, change: Partial<ObservedRecord> = {}): ObservedRecord {
  return { ...record(index), offset: 1_000, ...change };
}

describe("the checker", () => {
  it("finds nothing in what a faultless relay leaves behind", () => {
    const keys = fc.constantFrom("a", "bb", "ccc", "dddd");
    fc.assert(
      fc.property(fc.array(fc.array(keys, { minLength: 1, maxLength: 5 })), (transactions) => {
        const verdicts = checkHistory(historyOf(transactions));
        expect(verdicts.filter((verdict) => verdict.violations > 0)).toEqual([]);
        expect(isClean(verdicts)).toBe(true);
      }),
    );
  });

  it("counts what it looked at, so that an empty run does not pass for a proof", () => {
    const checked = checkHistory(GOOD).map((verdict) => verdict.checked);
    expect(checked.every((count) => count > 0)).toBe(true);
  });

  it("notices any record that is taken away", () => {
    for (const missing of GOOD.records) {
      const rest = GOOD.records.filter((one) => one !== missing);
      expect(violations(published(rest))).toEqual({ L: 1 });
    }
  });

  it("notices a record that only the live consumer missed", () => {
    const live = new Map([...GOOD.live].slice(1));
    expect(violations({ ...GOOD, live })).toEqual({ L: 1 });
  });

  it("notices a record of a transaction that was rolled back", () => {
    const phantom = again(0, { id: "rolled-back", position: "00000001/00000000FFFFFFFF/00000001" });
    expect(violations(published([...GOOD.records, phantom]))).toEqual({ P: 1 });
  });

  it("notices a record that a live consumer saw and that is gone afterwards", () => {
    const live = new Map([...GOOD.live, ["topic/0/1000", "id-0-0"]]);
    expect(violations({ ...GOOD, live })).toEqual({ P: 1 });
  });

  it("notices an event that is published twice", () => {
    expect(violations(published([...GOOD.records, again(0)]))).toEqual({ D: 1, O: 1 });
  });

  it("lets an event come twice in at-least-once delivery, if it has the same position", () => {
    const history: History = {
      ...published([...GOOD.records, again(0)]),
      delivery: "at-least-once",
    };
    expect(violations(history)).toEqual({});
    const verdict = checkHistory(history).find(({ letter }) => letter === "D");
    expect(verdict?.note).toBe("1 repetitions");
    const other = again(0, { position: record(1).position });
    expect(
      violations({ ...published([...GOOD.records, other]), delivery: "at-least-once" }),
    ).toEqual({ D: 1 });
  });

  it("notices two events of one key in the wrong order", () => {
    const [first, second] = GOOD.records.filter(({ key }) => key === "a");
    const swapped = GOOD.records.map((one) => {
      if (one === first) return { ...second, offset: one.offset } as ObservedRecord;
      return one === second ? ({ ...first, offset: one.offset } as ObservedRecord) : one;
    });
    expect(Object.keys(violations(published(swapped)))).toEqual(["O"]);
  });

  it("notices a key that changes its partition", () => {
    const moved = GOOD.records.map((one) => (one === record(0) ? { ...one, partition: 7 } : one));
    expect(violations(published(moved))).toEqual({ O: 1 });
  });

  it.each([
    ["of another row", "00000001/0000000000001080/00000002"],
    ["of a transaction before", "00000001/0000000000000F00/00000001"],
    ["that is none", "1/2/3"],
  ])("notices a position %s", (_what, position) => {
    const wrong = GOOD.records.map((one) => (one === record(0) ? { ...one, position } : one));
    expect(violations(published(wrong))["O"]).toBeGreaterThan(0);
  });

  it("notices other bytes and another topic", () => {
    const changed = GOOD.records.map((one) => (one === record(2) ? { ...one, digest: "x" } : one));
    expect(violations(published(changed))).toEqual({ B: 1 });
    const ledger = GOOD.ledger.map((row) => ({ ...row, topic: "elsewhere" }));
    expect(violations({ ...GOOD, ledger })["B"]).toBe(GOOD.ledger.length);
  });

  it("notices a position confirmed before its checkpoint was stored", () => {
    const samples = GOOD.samples.map((sample) => ({ ...sample, checkpointEnd: 1 }));
    expect(violations({ ...GOOD, samples })).toEqual({ I1: GOOD.samples.length - 1 });
  });

  it("notices a checkpoint that goes back", () => {
    const back = [...GOOD.checkpoints, checkpoint(100, 0, 2)];
    expect(violations({ ...GOOD, checkpoints: back })).toEqual({ C: 1 });
    const inside = [checkpoint(0, 1, 5), checkpoint(1, 1, 4)];
    expect(violations({ ...GOOD, checkpoints: inside, samples: [] })).toEqual({ C: 1 });
  });

  it("notices an acknowledged commit that Postgres lost", () => {
    expect(violations({ ...GOOD, acknowledged: new Set(["id-0-0", "gone"]) })).toEqual({ P0: 1 });
  });

  it("notices trouble, slow take-overs, much memory and much WAL", () => {
    const slow = Array.from({ length: 30 }, () => ({ ms: 4_000, isClear: true }));
    expect(violations({ ...GOOD, troubles: ["relay-7 ended by itself"] })).toEqual({ R: 1 });
    expect(violations({ ...GOOD, recoveries: slow })).toEqual({ R: 1 });
    expect(
      violations({ ...GOOD, recoveries: slow.map((one) => ({ ...one, isClear: false })) }),
    ).toEqual({});
    expect(violations({ ...GOOD, relayRssBytesMax: 400 * 1024 * 1024 })).toEqual({ M: 1 });
    expect(violations({ ...GOOD, retainedBytes: Infinity })).toEqual({ W: 1 });
  });
});
