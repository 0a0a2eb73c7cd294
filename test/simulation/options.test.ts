import { describe, expect, it } from "@jest/globals";
import { parseOptions } from "./options.ts";

describe("the command line of the simulation", () => {
  it("takes seed, runs and faults", () => {
    const options = parseOptions(["--seed", "5", "--runs", "7", "--faults", "kill,promote"]);
    expect(options).toMatchObject({ seed: 5, runs: 7, faults: ["kill", "promote"] });
  });

  it("draws a seed when none is given, and shows one run with --trace", () => {
    expect(parseOptions(["--trace"])).toMatchObject({ seed: expect.any(Number), runs: 1 });
  });

  it.each([
    [["--seed", "x"], "--seed takes a whole number"],
    [["--runs", "0"], "--runs takes a whole number above 0"],
    [["--faults", "kil"], 'there is no fault "kil"'],
    [["--trace", "--runs", "2"], "--trace shows one run"],
    [["--colour"], "Unknown option '--colour'"],
  ])("refuses %j in one line", (argv, problem) => {
    expect(parseOptions(argv)).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});
