import { describe, expect, it } from "@jest/globals";
import { hostileRecord, mergeHostileRecord } from "../../../chaos/hostile/hostile-record.ts";
import { drawWorld } from "../../../chaos/hostile/plan/draw-world.ts";
import type { WorldOutcome } from "../../../chaos/hostile/stage/run-world.ts";
import { Totals } from "../../../chaos/hostile/totals.ts";

const OPTIONS = { seed: 7, minutes: 2 };
const HELD: WorldOutcome = {
  failures: [],
  lines: [],
  output: "",
  rows: 5,
  records: 5,
  met: 2,
  halts: ["KAFKA_REFUSED"],
  named: ["EndTxn silence: KAFKA_UNREACHABLE"],
  endings: ["stop"],
};

function totalsOf(outcomes: readonly WorldOutcome[]): Totals {
  const totals = new Totals();
  for (const outcome of outcomes) totals.add(drawWorld(1, 1), outcome);
  return totals;
}

describe("the record of a hostile campaign", () => {
  it("counts worlds, what was hostile in them, causes that were shown, and failures by kind", () => {
    const lost = { kind: "lost", what: "a row" } as const;
    const totals = totalsOf([HELD, { ...HELD, failures: [lost, lost] }]);
    const { episodes } = drawWorld(1, 1);
    expect(hostileRecord(OPTIONS, totals, "2026-01-31")).toMatchObject({
      date: "2026-01-31",
      seed: 7,
      worlds: 2,
      failed: 1,
      rows: 10,
      episodes: 2 * episodes.length,
      met: 4,
      endings: { stop: 2 },
      causes: { KAFKA_UNREACHABLE: 2 },
      failures: { lost: 1 },
    });
  });

  it("keeps the last of those with one seed and length", () => {
    const first = hostileRecord(OPTIONS, totalsOf([HELD]), "2026-01-01");
    const other = hostileRecord({ ...OPTIONS, seed: 8 }, totalsOf([HELD]), "2026-01-03");
    const repeated = { ...first, date: "2026-01-02" };
    expect(mergeHostileRecord([first, other], repeated)).toEqual([repeated, other]);
  });

  it("is not clean when a world came to no verdict", () => {
    const totals = totalsOf([HELD]);
    expect(totals.isClean).toBe(true);
    totals.addBroken("world 4");
    expect(totals.isClean).toBe(false);
  });
});
