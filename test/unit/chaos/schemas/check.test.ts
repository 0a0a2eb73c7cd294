import { describe, expect, it } from "@jest/globals";
import { lsn } from "../../../../src/relay/lsn.ts";
import { checkWorld } from "../../../chaos/schemas/check/check.ts";
import type { Halt, PublishedRecord, WorldHistory } from "../../../chaos/schemas/check/history.ts";
import { repaired, streamed, worldHistory, writtenRow } from "./world-history.ts";

const ROWS = [1, 2, 3, 4, 5].map((step) => writtenRow(step));
const GOOD = worldHistory(ROWS);

function kinds(history: WorldHistory): string[] {
  return checkWorld(history).map(({ kind }) => kind);
}

function halt(change: Partial<Halt> = {}): Halt {
  return { step: 9, code: "PUBLICATION_CHANGED", confirmed: lsn(0n), decisions: 0, ...change };
}

const ALL: ReadonlySet<string> = new Set(ROWS.map(({ id }) => id));

describe("the checker of a world", () => {
  it("finds nothing in what a faultless relay leaves behind", () => {
    expect(checkWorld(GOOD)).toEqual([]);
  });

  it("notices any event that is missing", () => {
    for (const gone of GOOD.records) {
      const records = GOOD.records.filter((one) => one !== gone);
      expect(kinds({ ...GOOD, records })).toEqual(["lost"]);
    }
  });

  it("notices an event that is published twice, with the same position or another", () => {
    const again = { ...streamed(writtenRow(2)), rank: 99 };
    expect(kinds({ ...GOOD, records: [...GOOD.records, again] })).toEqual(["twice"]);
    const moved = { ...repaired(writtenRow(2)), rank: 99 };
    expect(kinds({ ...GOOD, records: [...GOOD.records, moved] })).toEqual(["twice"]);
  });

  it("lets a row that moved come once more only if nothing told that it is the same one", () => {
    const again = { ...repaired(writtenRow(2)), rank: 99 };
    const decoded = GOOD.decoded.map((one) => (one.id === "row-2" ? { ...one, inserts: 2 } : one));
    const history = { ...GOOD, decoded, records: [...GOOD.records, again] };
    expect(kinds(history)).toEqual(["twice"]);
    const bare = ROWS.map((row) => ({ ...row, hasTxid: false }));
    expect(kinds({ ...history, rows: bare })).toEqual([]);
    const thrice = [...history.records, { ...again, rank: 100 }];
    expect(kinds({ ...history, rows: bare, records: thrice })).toEqual(["twice"]);
  });

  it("lets at-least-once delivery repeat an event at its position, and nowhere else", () => {
    const history: WorldHistory = { ...GOOD, delivery: "at-least-once" };
    const again = { ...streamed(writtenRow(2)), rank: 99 };
    expect(kinds({ ...history, records: [...GOOD.records, again] })).toEqual([]);
    const moved = { ...repaired(writtenRow(2)), rank: 99 };
    expect(kinds({ ...history, records: [...GOOD.records, moved] })).toEqual(["twice"]);
  });

  it("notices what was rolled back and what nobody wrote", () => {
    const record = { ...streamed(writtenRow(2)), id: "undone", rank: 99 };
    const history = { ...GOOD, undone: ["undone"], records: [...GOOD.records, record] };
    expect(checkWorld(history)).toMatchObject([{ kind: "invented" }]);
    expect(checkWorld(history)[0]?.what).toContain("was rolled back");
    const stranger = { ...GOOD, records: [...GOOD.records, { ...record, id: "stranger" }] };
    expect(checkWorld(stranger)[0]?.what).toContain("nobody wrote");
  });

  it.each([
    ["topic", { topic: "t.invoice" }],
    ["key", { key: "k1 " }],
    ["type", { type: "placed" }],
    ["value", { value: Buffer.from("\\x7b7d") }],
    ["value that is null", { value: null }],
    ["headers that are gone", { headers: [] }],
    ["headers in another order", { headers: [["b", "1"] as const, ["trace", "3"] as const] }],
  ])("notices another %s", (_, change) => {
    const records = GOOD.records.map((one) => (one.id === "row-3" ? { ...one, ...change } : one));
    expect(kinds({ ...GOOD, records })).toContain("altered");
  });

  it("lets rows lack headers while the column is away, until one has come with it", () => {
    const away = ROWS.map((row) => ({ ...row, areHeadersAway: true }));
    const bare = GOOD.records.map((one): PublishedRecord => ({ ...one, headers: [] }));
    expect(kinds({ ...GOOD, records: bare })).toEqual(Array(5).fill("altered"));
    expect(kinds({ ...GOOD, rows: away, records: bare })).toEqual([]);
    const first = bare.with(0, GOOD.records[0] ?? streamed(writtenRow(1)));
    expect(kinds({ ...GOOD, rows: away, records: first })).toEqual(Array(4).fill("altered"));
  });

  it("notices events of one key that come out of order, and lets those of one step be", () => {
    const swapped = GOOD.records.map((one) => ({ ...one, rank: 10 - one.rank }));
    expect(kinds({ ...GOOD, records: swapped })).toContain("disordered");
    const bare = ROWS.map((row) => ({ ...row, hasTxid: false }));
    expect(kinds({ ...GOOD, rows: bare, records: swapped })).toContain("disordered");
    const read = swapped.map((one) => ({ ...one, position: repaired(writtenRow(1)).position }));
    expect(kinds({ ...GOOD, rows: bare, records: read })).not.toContain("disordered");
    expect(kinds({ ...GOOD, records: read })).toContain("disordered");
    const rows = ROWS.map((row) => ({ ...row, step: 1 }));
    expect(kinds({ ...GOOD, rows, records: swapped })).toEqual([]);
  });
});

describe("rows that the stream cannot deliver", () => {
  const gap = writtenRow(6, "gap");
  const rows = [...ROWS, gap];

  it("are silently lost where no person was asked", () => {
    expect(kinds(worldHistory(rows))).toEqual(["silent"]);
  });

  it("must be at Kafka after a repair that found them in the table", () => {
    const decisions = [{ step: 8, kind: "repair" as const, held: new Set([...ALL, gap.id]) }];
    expect(kinds(worldHistory(rows, { decisions }))).toEqual(["lost"]);
    const records = [...GOOD.records, repaired(gap)];
    expect(kinds(worldHistory(rows, { decisions, records }))).toEqual([]);
  });

  it("are gone with notice where the table did not hold them any more", () => {
    const decisions = [{ step: 8, kind: "repair" as const, held: ALL }];
    expect(kinds(worldHistory(rows, { decisions }))).toEqual([]);
  });

  it("are given up by a person who accepts the publication, and events are not", () => {
    const decisions = [{ step: 8, kind: "accept" as const, held: ALL }];
    expect(kinds(worldHistory(rows, { decisions }))).toEqual([]);
    expect(kinds(worldHistory(rows, { decisions, records: [] }))).toEqual(Array(5).fill("lost"));
  });

  it("are excused where their table was logged again before anybody looked", () => {
    expect(kinds(worldHistory(rows, { unseen: new Set([gap.id]) }))).toEqual([]);
  });

  it("come without headers where a repair found the column dropped, and the stream's rows do not", () => {
    const decisions = [{ step: 8, kind: "repair" as const, held: new Set([...ALL, gap.id]) }];
    const change = { decisions, hasDroppedHeaders: true };
    const bare = [...GOOD.records, { ...repaired(gap), headers: [] }];
    expect(kinds(worldHistory(rows, { ...change, records: bare }))).toEqual([]);
    expect(kinds(worldHistory(rows, { decisions, records: bare }))).toEqual(["altered"]);
    const all = bare.map((one) => ({ ...one, headers: [] }));
    expect(kinds(worldHistory(rows, { ...change, records: all }))).toEqual(
      Array(5).fill("altered"),
    );
  });

  it("are not excused by a decision that came before them", () => {
    const late = writtenRow(6, "gap", 1);
    const decisions = [{ step: 5, kind: "accept" as const, held: ALL }];
    expect(kinds(worldHistory([...ROWS, late], { decisions }))).toEqual(["silent"]);
  });
});

describe("a row of no outbox table", () => {
  const other = writtenRow(6, "other");

  it("need not come, and comes once at most", () => {
    expect(kinds(worldHistory([...ROWS, other]))).toEqual([]);
    const once = [...GOOD.records, streamed(other)];
    expect(kinds(worldHistory([...ROWS, other], { records: once }))).toEqual([]);
    const twice = [...once, { ...streamed(other), rank: 99 }];
    expect(kinds(worldHistory([...ROWS, other], { records: twice }))).toEqual(["twice"]);
  });
});

describe("a relay that is failed", () => {
  it("must not confirm past an event that is missing, also when a repair brings it later", () => {
    const past = halt({ confirmed: lsn(BigInt(3 * 256 + 64)) });
    const records = GOOD.records.map((one) =>
      one.id === "row-3" ? repaired(ROWS[2] ?? writtenRow(3)) : one,
    );
    const history = { ...GOOD, isInnocent: false, halts: [past], records };
    expect(kinds(history)).toEqual(["confirmed"]);
    const before = halt({ confirmed: lsn(BigInt(3 * 256)) });
    expect(kinds({ ...history, halts: [before] })).toEqual([]);
  });

  it("gives a false alarm when nothing was done that keeps rows away", () => {
    expect(kinds({ ...GOOD, halts: [halt()] })).toEqual(["false-alarm"]);
    expect(kinds({ ...GOOD, halts: [halt()], isInnocent: false })).toEqual([]);
    expect(kinds({ ...GOOD, halts: [halt({ code: "CONFIG_TABLE" })] })).toEqual([]);
  });
});
