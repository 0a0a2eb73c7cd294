import { describe, expect, it } from "@jest/globals";
import { Figures } from "../../../bench/report/figures.ts";
import { judge, renderVerdicts } from "../../../bench/report/goals.ts";

function figuresOf(...all: readonly (readonly [...Parameters<Figures["add"]>])[]): Figures {
  const figures = new Figures();
  for (const one of all) figures.add(...one);
  return figures;
}

describe("the goals of the benchmark", () => {
  it("are not judged without their figures", () => {
    expect(judge(new Figures(), 0)).toEqual([]);
    expect(judge(figuresOf(["drain.perSecond", "recvlogical", 100_000]), 0)).toEqual([]);
  });

  it("hold the relay's rate from its start against the stream alone, so that reading ahead gains nothing", () => {
    const figures = figuresOf(
      ["drain-small.perSecond", "relay", 120_000],
      ["drain-small.fromStartPerSecond", "relay", 60_000],
      ["drain-small.perSecond", "recvlogical", 100_000],
    );
    expect(renderVerdicts(judge(figures, 0))).toBe(
      "missed drain, 1 row/txn, of pg_recvlogical: 0.6 (at least 0.7)\n",
    );
  });

  it.each([
    [40_000, "met    "],
    [39_999, "missed "],
  ])("want twice the rate of Debezium exactly-once: %i events/s", (perSecond, word) => {
    const figures = figuresOf(
      ["drain.perSecond", "relay", perSecond],
      ["drain.perSecond", "debezium-eos", 20_000],
    );
    expect(renderVerdicts(judge(figures, 0))).toMatch(new RegExp(`^${word}drain.*\n$`));
  });

  it.each([
    ["latency.1000.p50Ms", 6],
    ["latency.1000.linger0.p50Ms", 3],
    ["idle.rssMb", 120],
    ["big.rssMb", 180],
    ["largeRow.rssMb", 308],
    ["drain.cpuSeconds", 5],
    ["idle.cpuPercent", 3],
  ])("bound %s at %d", (name, bound) => {
    expect(judge(figuresOf([name, "relay", bound]), 0)).toMatchObject([{ bound, isMet: true }]);
    expect(judge(figuresOf([name, "relay", bound * 1.01]), 0)).toMatchObject([{ isMet: false }]);
  });

  it("allow three round trips and 15 ms where a delay was added, in place of the goals of a near broker", () => {
    const figures = figuresOf(
      ["latency.10000.p99Ms", "relay", 29],
      ["latency.10000.p99Ms", "debezium", 60],
      ["latency.1000.p50Ms", "relay", 12],
    );
    expect(judge(figures, 5)).toMatchObject([{ value: 29, bound: 30, isMet: true }]);
    expect(judge(figures, 0).map(({ isMet }) => isMet)).toEqual([false, false, false]);
  });
});
