import { describe, expect, it } from "@jest/globals";
import {
  bounded,
  decodeTree,
  encodeTree,
  isNew,
  remembered,
  TREE_REMEMBERED_MAX,
} from "../../../../src/relay/settle/tree-memory.ts";
import { treePart } from "./tree-part.ts";

const MANY = Array.from({ length: TREE_REMEMBERED_MAX + 10 }, (_, at) =>
  treePart({ key: String(1000 + at), link: String(5000 - at) }),
);

describe("the memory of the tables below the outbox tables", () => {
  it("keeps a table that is gone, and no more of them than it may", () => {
    const all = remembered(null, MANY);
    const now = [treePart({ key: "9" })];
    const kept = Object.keys(remembered(all, now).marks);
    expect(kept).toHaveLength(TREE_REMEMBERED_MAX + 1);
    expect(kept).toContain(MANY.at(-1)?.key);
    expect(kept).not.toContain("1000");
  });

  it("takes the newest links into a checkpoint, and outbox tables and schemas in any case", () => {
    const named = [treePart({ key: "o2", link: "" }), treePart({ key: "n3", link: "" })];
    const now = [...MANY, ...named];
    const { marks, since } = bounded(remembered(null, now), now);
    expect(Object.keys(marks)).toHaveLength(TREE_REMEMBERED_MAX + 2);
    expect(Object.keys(marks)).toEqual(expect.arrayContaining(["1000", "o2", "n3"]));
    expect(Object.keys(marks)).not.toContain(MANY.at(-1)?.key);
    expect(since).toBe(String(5000 - TREE_REMEMBERED_MAX));
  });

  it("takes gone tables into a checkpoint while there is room", () => {
    const gone = remembered(remembered(null, MANY), [treePart()]);
    expect(Object.keys(bounded(gone, [treePart()]).marks)).toHaveLength(TREE_REMEMBERED_MAX);
    const full = remembered(remembered(null, [treePart()]), MANY);
    expect(Object.keys(bounded(full, MANY).marks)).not.toContain("1");
  });

  it("takes a table for new only if it cannot be one of those that it has no room for", () => {
    const memory = bounded(remembered(null, MANY), MANY);
    const since = Number(memory.since);
    expect(isNew(memory, treePart({ link: String(since) }))).toBe(false);
    expect(isNew(memory, treePart({ link: String(since + 1) }))).toBe(true);
    expect(isNew(memory, treePart({ link: `${since - 5}.${since + 1}` }))).toBe(true);
    expect(isNew(memory, treePart({ key: "1000", link: "9999" }))).toBe(false);
    expect(isNew({ ...memory, since: null }, treePart({ link: "3" }))).toBe(true);
  });

  it("compares ids of transactions across the end of their 32 bits", () => {
    const memory = { marks: {}, since: "4294967290" };
    expect(isNew(memory, treePart({ link: "5" }))).toBe(true);
    expect(isNew({ marks: {}, since: "5" }, treePart({ link: "4294967290" }))).toBe(false);
  });

  it("comes back from its stored form, which leaves out what is empty", () => {
    const child = { toast: "12", listing: "p", listed: "9.700", version: "710", owner: "10" };
    const now = [treePart(), treePart({ key: "2", ...child, name: 'a."B"' })];
    const memory = remembered(null, now);
    const stored: unknown = JSON.parse(JSON.stringify(encodeTree(memory)));
    expect(stored).toEqual({
      parts: { 1: ["700"], 2: ["700", "12", "p", "9.700", "710", "10", 'a."B"'] },
    });
    expect(decodeTree(stored)).toEqual(memory);
    expect(decodeTree(encodeTree({ ...memory, since: "7" }))?.since).toBe("7");
  });

  it.each([
    null,
    1,
    {},
    { parts: 1 },
    { parts: { 1: "x" } },
    { parts: { 1: [2] } },
    { parts: {}, since: 1 },
  ])("is not made of %j", (value) => {
    expect(decodeTree(value)).toBeNull();
  });
});
