import { describe, expect, it } from "@jest/globals";
import { drawWorld } from "../../../chaos/schemas/plan/draw-world.ts";
import { mergeSchemaRecord, schemaRecord } from "../../../chaos/schemas/schema-record.ts";
import { Journal } from "../../../chaos/schemas/stage/journal.ts";
import { Totals } from "../../../chaos/schemas/totals.ts";

const OPTIONS = { seed: 7, minutes: 2, majors: [14, 18] as const };

function totalsOf(failures: readonly string[]): Totals {
  const totals = new Totals();
  for (const failure of failures) {
    const journal = new Journal();
    journal.count({ do: "start" }, "done");
    journal.begin(0, { do: "swap", on: "t0" });
    journal.count({ do: "swap", on: "t0" }, "skipped");
    const found = failure === "" ? [] : [{ kind: "lost" as const, what: failure }];
    const outcome = { failures: [...found, ...found], journal, haltCodes: ["ROW_NULL"] };
    totals.add(drawWorld(1, 1, 18), { ...outcome, records: 3, output: "" });
  }
  return totals;
}

describe("the record of a campaign", () => {
  it("counts worlds, what was done in them, halts by code and failures by kind", () => {
    expect(schemaRecord(OPTIONS, totalsOf(["", "a row", ""]), "2026-01-31")).toMatchObject({
      date: "2026-01-31",
      seed: 7,
      worlds: 3,
      failed: 1,
      records: 9,
      steps: { start: 3 },
      halts: { ROW_NULL: 3 },
      failures: { lost: 1 },
    });
  });

  it("keeps the last of those with one seed and the same settings", () => {
    const first = schemaRecord(OPTIONS, totalsOf([""]), "2026-01-01");
    const other = schemaRecord({ ...OPTIONS, seed: 8 }, totalsOf([""]), "2026-01-03");
    const repeated = { ...first, date: "2026-01-02" };
    expect(mergeSchemaRecord([first, other], repeated)).toEqual([repeated, other]);
  });

  it("is not clean when a world came to no verdict", () => {
    const totals = totalsOf([""]);
    expect(totals.isClean).toBe(true);
    totals.addBroken("world 4");
    expect(totals.isClean).toBe(false);
  });
});
