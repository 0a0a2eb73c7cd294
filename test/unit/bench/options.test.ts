import { describe, expect, it } from "@jest/globals";
import { parseBenchOptions } from "../../../bench/options.ts";

describe("the options of the benchmark", () => {
  it("are every row and every system unless some are named", () => {
    expect(parseBenchOptions([])).toMatchObject({
      rows: ["drain", "drain-small", "latency", "memory"],
      systems: [
        "relay",
        "at-least-once",
        "recvlogical",
        "producer-perf",
        "debezium",
        "debezium-eos",
      ],
      rowCount: null,
      runs: 5,
      rates: [1_000, 10_000],
      roundTripMs: 0,
      isSoak: false,
    });
  });

  it("take rows by name, and each option", () => {
    const argv =
      "latency --rates 500,2000 --seconds 10 --rtt 5 --only relay,debezium --json out.json";
    expect(parseBenchOptions(argv.split(" "))).toMatchObject({
      rows: ["latency"],
      rates: [500, 2_000],
      seconds: 10,
      roundTripMs: 5,
      systems: ["relay", "debezium"],
      json: "out.json",
    });
  });

  it("let the soak run alone", () => {
    expect(parseBenchOptions(["soak", "--minutes", "3"])).toMatchObject({
      rows: [],
      isSoak: true,
      minutes: 3,
    });
    expect(parseBenchOptions(["soak", "drain"])).toEqual({
      problem: "soak runs alone, without other rows",
    });
  });

  it.each([
    [["--runs", "0"], /^--runs takes a whole number from 1 to 15, not "0"$/],
    [["--rates", "1000,"], /^--rates takes a whole number from 1 to 100000, not ""$/],
    [["--rtt", "2.5"], /^--rtt takes a whole number from 0 to 1000, not "2.5"$/],
    [["--only", "relay,sequin"], /^--only: "sequin" is none of relay, at-least-once/],
    [["drian"], /^rows: "drian" is none of drain, /],
    [["--fast"], /--fast/],
  ])("say what is wrong with %j", (argv, problem) => {
    expect(parseBenchOptions(argv)).toEqual({
      problem: expect.stringMatching(problem),
    });
  });
});
