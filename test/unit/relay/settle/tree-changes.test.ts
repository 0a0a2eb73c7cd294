import { describe, expect, it } from "@jest/globals";
import type { TreePart } from "../../../../src/relay/capture/tree.ts";
import {
  newlyOverlooked,
  schemaNotes,
  treeFaults,
  treeWarnings,
} from "../../../../src/relay/settle/tree-changes.ts";
import { remembered } from "../../../../src/relay/settle/tree-memory.ts";
import { treePart } from "./tree-part.ts";

const CHILD = treePart({
  ...{ key: "2", name: "public.child", listing: "p", listed: "8.700", version: "700", owner: "10" },
});
const SCHEMA = treePart({ key: "n3", name: "schema app", link: "", version: "600", owner: "10.x" });

/** What is said about `now` by somebody who saw `former`. */
function told(former: TreePart, now: Partial<TreePart>, isSetOtherwise = false): string[] {
  const [memory, tree] = [remembered(null, [former]), [{ ...former, ...now }]];
  return [
    ...treeFaults(memory, tree, isSetOtherwise).map(({ code }) => code),
    ...treeWarnings(memory, tree).map(({ code }) => code),
    ...schemaNotes(memory, tree).map(() => "note"),
  ];
}

describe("changes of the tree", () => {
  it("are a fault where a link or a listing is another one, and where a table was away", () => {
    expect(told(treePart(), { link: "701" })).toEqual(["PUBLICATION_CHANGED"]);
    expect(told(CHILD, { listed: "9.701" })).toEqual(["PUBLICATION_CHANGED"]);
    expect(told(CHILD, { listing: "q", listed: "9.701" })).toEqual(["PUBLICATION_CHANGED"]);
    expect(told(CHILD, { version: "701" })).toEqual(["TABLE_RENAMED"]);
    expect(told(CHILD, { version: "701", link: "701" })).toHaveLength(2);
  });

  it("are none where nothing decides, an owner or a new name explains them, or nothing is known", () => {
    expect(told(treePart({ link: "" }), { link: "701" })).toEqual([]);
    expect(told(treePart(), { link: "" })).toEqual([]);
    expect(told(CHILD, { listing: "", listed: "" })).toEqual([]);
    expect(told(CHILD, { version: "701", owner: "20" })).toEqual([]);
    expect(told(CHILD, { version: "701", name: "public.grown" })).toEqual([]);
    expect(treeFaults(null, [CHILD], false)).toEqual([]);
    expect(treeFaults(remembered(null, [CHILD]), [treePart()], false)).toEqual([]);
  });

  it("of a listing are told by the publication when that is set otherwise, unless they were taken back", () => {
    expect(told(CHILD, { listing: "q", listed: "9.701" }, true)).toEqual([]);
    expect(told(CHILD, { listed: "9.701" }, true)).toEqual(["PUBLICATION_CHANGED"]);
  });

  it("stay until a person has decided, and are counted in the text where they are many", () => {
    const many = Array.from({ length: 9 }, (_, at) =>
      treePart({ key: String(at), name: `public.part_${at}` }),
    );
    const now = many.map((part) => ({ ...part, link: "701" }));
    const [fault] = treeFaults(remembered(null, many), now, false);
    expect(fault).toMatchObject({ remedy: "halt", lasts: true });
    expect(fault?.message).toContain("public.part_4 was taken");
    expect(fault?.message).toContain("and 4 more");
    expect(fault?.message).not.toContain("public.part_5");
  });

  it("of a table that is gone and comes back are seen against the look before it went", () => {
    const gone = remembered(remembered(null, [treePart()]), []);
    expect(treeFaults(gone, [treePart({ link: "705" })], false)).toHaveLength(1);
  });

  it("of a schema are a note, and none where the grants or the owner differ", () => {
    expect(told(SCHEMA, { version: "601" })).toEqual(["note"]);
    expect(told(SCHEMA, { version: "601", owner: "10.y" })).toEqual([]);
    expect(told(SCHEMA, {})).toEqual([]);
  });
});

describe("tables that were rewritten", () => {
  it("are warned of where they could have been unlogged before and after", () => {
    const table = treePart({ key: "o7", link: "", toast: "16410" });
    expect(told(table, { toast: "16540" })).toEqual(["TABLE_REWRITTEN"]);
    expect(told(treePart({ toast: "16410" }), { toast: "16540" })).toEqual(["TABLE_REWRITTEN"]);
    expect(told(table, {})).toEqual([]);
    expect(told(table, { toast: "" })).toEqual([]);
    expect(told({ ...table, toast: "" }, { toast: "16410" })).toEqual([]);
  });
});

describe("tables whose rows the server may leave out of the stream", () => {
  const part = treePart({ key: "5", isLate: true, overlooked: "already" });
  const memory = remembered(null, [treePart()]);

  it("are a gap where they held rows, once, and where there is a former look", () => {
    const [fault, ...others] = treeFaults(memory, [part], false);
    expect(fault).toMatchObject({ code: "PUBLICATION_CHANGED", remedy: "halt", lasts: true });
    expect(fault?.message).toContain("public.outbox_1 seems to have held rows");
    expect(others).toEqual([]);
    expect(treeFaults(remembered(memory, [part]), [part], false)).toEqual([]);
    expect(treeFaults(null, [part], false)).toEqual([]);
  });

  it("are none where they held none, and want a new stream all the same", () => {
    const empty = { ...part, overlooked: "later" } as const;
    expect(treeFaults(memory, [empty], false)).toEqual([]);
    expect(newlyOverlooked(memory, [treePart(), empty])).toEqual([empty]);
    expect(newlyOverlooked(remembered(memory, [empty]), [empty])).toEqual([]);
  });
});

describe("tables that became a part after creation", () => {
  const late = treePart({ key: "5", isLate: true, hasRows: true });

  it("are warned of if they held rows and are new", () => {
    const memory = remembered(null, [treePart()]);
    expect(treeWarnings(memory, [late])).toMatchObject([
      {
        code: "PARTITION_ATTACHED",
        severity: "warning",
        message: expect.stringContaining("do not tell them apart"),
        hint: expect.stringMatching(/^Attached empty, and filled since: nothing to do/),
      },
    ]);
    expect(treeWarnings(memory, [{ ...late, hasRows: false }])).toEqual([]);
    expect(treeWarnings(memory, [{ ...late, isLate: false }])).toEqual([]);
    expect(treeWarnings(remembered(memory, [late]), [late])).toEqual([]);
    expect(treeWarnings(null, [late])).toEqual([]);
  });

  it("are all named, in as many warnings as that takes", () => {
    const many = Array.from({ length: 41 }, (_, at) =>
      treePart({ ...late, key: String(at), name: `public.part_${at}.` }),
    );
    const found = treeWarnings(remembered(null, []), many);
    expect(found).toHaveLength(3);
    for (const { name } of many) {
      expect(found.filter(({ message }) => message.includes(name))).toHaveLength(1);
    }
  });
});
