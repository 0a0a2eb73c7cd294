import { describe, expect, it } from "@jest/globals";
import type { Evidence, PublishedRecord } from "../../../src/demo/verdict.ts";
import { isClean, judge } from "../../../src/demo/verdict.ts";

const IDS = ["a", "b", "c", "d"];

/** Keys x and y in partitions 0 and 1, each event at a later position than the one before. */
const RECORDS = [record("a", 0, "x", 1), record("b", 0, "x", 2), record("c", 1, "y", 1)].concat(
  record("d", 1, "y", 2),
);

function record(id: string, partition: number, key: string, sequence: number): PublishedRecord {
  return { id, partition, key, sequence, position: `00000001/${id}` };
}

/** Everything committed has arrived everywhere, but for what is given. */
function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    committed: new Set(IDS),
    rolledBack: 0,
    records: RECORDS,
    inboxes: new Map([
      ["payment", new Set(IDS)],
      ["inventory", new Set(IDS)],
    ]),
    ...changes,
  };
}

function without(...gone: readonly string[]): Set<string> {
  return new Set(IDS.filter((id) => !gone.includes(id)));
}

describe("the verdict", () => {
  it("is clean when everything that was committed arrived everywhere, once and in order", () => {
    const verdict = judge(evidence({ rolledBack: 3 }));
    expect(verdict).toEqual({
      committed: 4,
      rolledBack: 3,
      published: 4,
      consumed: new Map([
        ["payment", 4],
        ["inventory", 4],
      ]),
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      phantoms: 0,
    });
    expect(isClean(verdict)).toBe(true);
  });

  it("is not clean when nothing was committed, because that proves nothing", () => {
    const inboxes = new Map([["payment", new Set<string>()]]);
    expect(isClean(judge({ committed: new Set(), rolledBack: 0, records: [], inboxes }))).toBe(
      false,
    );
  });

  it("counts an event that is missing everywhere as lost once", () => {
    const inboxes = new Map([
      ["payment", without("b")],
      ["inventory", without("b")],
    ]);
    const records = RECORDS.filter(({ id }) => id !== "b");
    const verdict = judge(evidence({ records, inboxes }));
    expect(verdict).toMatchObject({ lost: 1, duplicated: 0, outOfOrder: 0, phantoms: 0 });
    expect(isClean(verdict)).toBe(false);
  });

  it("counts an event as lost that one group alone has not received", () => {
    const inboxes = new Map([
      ["payment", new Set(IDS)],
      ["inventory", without("c")],
    ]);
    expect(judge(evidence({ inboxes }))).toMatchObject({ lost: 1, published: 4 });
  });

  it("counts different events that two groups miss one by one", () => {
    const inboxes = new Map([
      ["payment", without("a", "b")],
      ["inventory", without("b", "c")],
    ]);
    expect(judge(evidence({ inboxes })).lost).toBe(3);
  });

  it("counts an event as lost that a group claims to have, but Kafka has not", () => {
    expect(judge(evidence({ records: RECORDS.slice(0, 3) })).lost).toBe(1);
  });

  it("counts each further copy of a record as duplicated, and none of them as out of order", () => {
    const copies = [RECORDS[0], RECORDS[0]].flatMap((copy) => copy ?? []);
    const verdict = judge(evidence({ records: [...RECORDS, ...copies] }));
    expect(verdict).toMatchObject({ lost: 0, duplicated: 2, outOfOrder: 0, published: 6 });
    expect(isClean(verdict)).toBe(false);
  });

  it("counts a copy in another partition as duplicated", () => {
    const verdict = judge(evidence({ records: [...RECORDS, record("a", 3, "x", 1)] }));
    expect(verdict).toMatchObject({ duplicated: 1, outOfOrder: 0 });
  });

  it("counts a published event that was never committed", () => {
    const verdict = judge(evidence({ records: [...RECORDS, record("e", 2, "z", 1)] }));
    expect(verdict).toMatchObject({ phantoms: 1, lost: 0, duplicated: 0, outOfOrder: 0 });
    expect(isClean(verdict)).toBe(false);
  });

  it.each<[string, PublishedRecord[]]>([
    ["its key saw a later number before", [record("a", 0, "x", 2), record("b", 0, "x", 1)]],
    ["its partition saw a later position before", [record("b", 0, "x", 1), record("a", 0, "z", 1)]],
    ["its key lies in two partitions", [record("a", 0, "x", 1), record("b", 1, "x", 2)]],
  ])("counts a record as out of order when %s", (_why, records) => {
    const verdict = judge(evidence({ records: [...records, ...RECORDS.slice(2)] }));
    expect(verdict).toMatchObject({ outOfOrder: 1, lost: 0, duplicated: 0 });
    expect(isClean(verdict)).toBe(false);
  });

  it("does not call the records behind a late one late as well", () => {
    const records = [record("b", 0, "x", 2), record("a", 0, "x", 1)].concat(
      record("c", 0, "x", 3),
      record("d", 0, "x", 4),
    );
    expect(judge(evidence({ records })).outOfOrder).toBe(1);
  });

  it("judges a record without a number of its own by its position alone", () => {
    const records = RECORDS.map((one) => ({ ...one, sequence: null }));
    expect(judge(evidence({ records })).outOfOrder).toBe(0);
    expect(judge(evidence({ records: records.toReversed() })).outOfOrder).toBe(2);
  });
});
