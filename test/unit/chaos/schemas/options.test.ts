import { describe, expect, it } from "@jest/globals";
import { parseSchemasOptions } from "../../../chaos/schemas/options.ts";

describe("options of the schemas run", () => {
  it("have defaults, and a fresh seed where none is given", () => {
    expect(parseSchemasOptions([], 42)).toEqual({
      seed: 42,
      minutes: 2,
      majors: [14, 18],
      world: null,
      sideBySide: 2,
      isShrunk: true,
      isRecorded: false,
    });
  });

  it("name one world to run again", () => {
    const argv = ["--seed", "7", "--world", "3", "--postgres", "16", "--no-shrink"];
    expect(parseSchemasOptions(argv, 42)).toMatchObject({
      seed: 7,
      world: 3,
      majors: [16],
      isShrunk: false,
    });
  });

  it.each([
    [["--seed", "x"], "--seed"],
    [["--minutes", "0"], "--minutes"],
    [["--postgres", "13"], "--postgres"],
    [["--side-by-side", "9"], "--side-by-side"],
    [["--what"], "--what"],
  ])("are refused with one line: %s", (argv, flag) => {
    const parsed = parseSchemasOptions(argv, 42);
    expect(parsed).toEqual({ problem: expect.stringContaining(flag) });
    expect(JSON.stringify(parsed)).not.toContain("\\n");
  });
});
