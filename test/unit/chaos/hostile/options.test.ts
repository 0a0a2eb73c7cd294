import { describe, expect, it } from "@jest/globals";
import { parseHostileOptions } from "../../../chaos/hostile/options.ts";

describe("options of the hostile run", () => {
  it("have defaults, and a fresh seed where none is given", () => {
    expect(parseHostileOptions([], 42)).toEqual({
      seed: 42,
      minutes: 2,
      world: null,
      sideBySide: 2,
      printsCauses: false,
      isRecorded: false,
    });
  });

  it("name one world to run again", () => {
    const argv = ["--seed", "7", "--world", "3", "--minutes", "0.5", "--record"];
    const wanted = { seed: 7, world: 3, minutes: 0.5, isRecorded: true };
    expect(parseHostileOptions(argv, 42)).toMatchObject(wanted);
  });

  it.each([
    [["--seed", "x"], "--seed"],
    [["--minutes", "0"], "--minutes"],
    [["--side-by-side", "9"], "--side-by-side"],
    [["--what"], "--what"],
  ])("are refused with one line: %s", (argv, flag) => {
    const parsed = parseHostileOptions(argv, 42);
    expect(parsed).toEqual({ problem: expect.stringContaining(flag) });
    expect(JSON.stringify(parsed)).not.toContain("\\n");
  });
});
