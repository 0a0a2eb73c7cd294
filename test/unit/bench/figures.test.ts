import { describe, expect, it } from "@jest/globals";
import { Figures } from "../../../bench/report/figures.ts";

describe("the figures of the benchmark", () => {
  it("are the median of their turns, which stay to be read in their order", () => {
    const figures = new Figures();
    for (const value of [9, 1, 5]) figures.add("drain.perSecond", "relay", value);
    expect(figures.get("drain.perSecond", "relay")).toBe(5);
    expect(figures.turns("drain.perSecond", "relay")).toEqual([9, 1, 5]);
    expect(JSON.parse(JSON.stringify(figures))).toEqual({ "drain.perSecond": { relay: 5 } });
  });

  it("are missing where nothing was measured", () => {
    expect(new Figures().get("drain.perSecond", "relay")).toBeUndefined();
    expect(new Figures().turns("drain.perSecond", "relay")).toEqual([]);
  });
});
