import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
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
      turns: 1,
      before: null,
      rates: [1_000, 10_000],
      roundTripMs: 0,
      isSoak: false,
    });
  });

  it("take rows by name, and each option", () => {
    const argv =
      "latency --rates 500,2000 --seconds 10 --turns 3 --rtt 5 --only relay,debezium --json out.json";
    expect(parseBenchOptions(argv.split(" "))).toMatchObject({
      rows: ["latency"],
      rates: [500, 2_000],
      seconds: 10,
      turns: 3,
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
    [["--only", "relay,sequin"], /^--only: "sequin" is none of relay, before, at-least-once/],
    [["--turns", "16"], /^--turns takes a whole number from 1 to 15, not "16"$/],
    [
      ["--only", "relay,before"],
      /^--only: "before" is the relay of another checkout, which --before/,
    ],
    [["soak", "--before", "."], /^soak takes no --before$/],
    [["drian"], /^rows: "drian" is none of drain, /],
    [["--fast"], /--fast/],
  ])("say what is wrong with %j", (argv, problem) => {
    expect(parseBenchOptions(argv)).toEqual({
      problem: expect.stringMatching(problem),
    });
  });
});

describe("--before", () => {
  let checkout = "";

  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), "bench-options-"));
    await mkdir(join(checkout, "dist"));
  });

  afterAll(() => rm(checkout, { recursive: true }));

  it("wants a checkout that is built, and says how to build it", () => {
    expect(parseBenchOptions(["--before", checkout])).toEqual({
      problem: `--before: there is no ${checkout}/dist/main.js; in that checkout run \`npm ci\` and \`npm run build\``,
    });
  });

  it("adds its two relays, each beside the one it is compared with", async () => {
    await writeFile(join(checkout, "dist/main.js"), "");
    expect(parseBenchOptions(["--before", checkout])).toMatchObject({
      before: join(checkout, "dist/main.js"),
      systems: [
        "relay",
        "before",
        "at-least-once",
        "before-at-least-once",
        ...["recvlogical", "producer-perf", "debezium", "debezium-eos"],
      ],
    });
  });

  it("is refused where --only leaves out what it names", () => {
    expect(parseBenchOptions(["--before", checkout, "--only", "relay"])).toEqual({
      problem: "--before: --only leaves out what it names; add before or before-at-least-once",
    });
  });
});
