import { describe, expect, it } from "@jest/globals";
import { compare, renderComparisons } from "../../../bench/report/comparison.ts";
import { Figures } from "../../../bench/report/figures.ts";
import type { System } from "../../../bench/systems/system.ts";

function figuresOf(name: string, turns: Partial<Record<System, readonly number[]>>): Figures {
  const figures = new Figures();
  for (const [system, values] of Object.entries(turns)) {
    for (const value of values) figures.add(name, system as System, value);
  }
  return figures;
}

describe("the comparison of two checkouts", () => {
  it("is the ratio of the medians and the range of the pairs, turn by turn", () => {
    const figures = figuresOf("drain.perSecond", {
      relay: [110, 300, 100],
      before: [100, 200, 125],
    });
    expect(renderComparisons(compare(figures))).toBe(
      [
        "now / before, of the medians (and the range of the turns):",
        "relay exactly-once, drain.perSecond: 0.880 (0.800 to 1.500 in 3 turns)",
        "",
      ].join("\n"),
    );
  });

  it("pairs each delivery with its own counterpart", () => {
    const figures = figuresOf("latency.1000.p99Ms", {
      relay: [8],
      before: [4],
      "at-least-once": [3],
      "before-at-least-once": [6],
    });
    expect(compare(figures)).toEqual([
      { figure: "latency.1000.p99Ms", system: "relay", ratio: 2, byTurn: [2] },
      { figure: "latency.1000.p99Ms", system: "at-least-once", ratio: 0.5, byTurn: [0.5] },
    ]);
  });

  it("leaves out a turn that only one of a pair has, as after a failure", () => {
    const figures = figuresOf("drain.cpuSeconds", { relay: [4, 5], before: [4] });
    expect(compare(figures)).toMatchObject([{ byTurn: [1] }]);
  });

  it.each([
    ["drain-small.fromStartPerSecond", 1],
    ["latency.1000.linger0.p50Ms", 1],
    ["latency.1000.cpuSeconds", 1],
    ["latency.1000.p999Ms", 0],
    ["idle.cpuPercent", 0],
  ])("of %s has %i lines", (name, lines) => {
    expect(compare(figuresOf(name, { relay: [1], before: [1] }))).toHaveLength(lines);
  });

  it("is nothing where no other checkout was measured", () => {
    const figures = figuresOf("drain.perSecond", { relay: [1], debezium: [1] });
    expect(renderComparisons(compare(figures))).toBe("");
  });
});
