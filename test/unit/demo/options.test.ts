import { describe, expect, it } from "@jest/globals";
import { parseOptions } from "../../../src/demo/options.ts";

describe("the options of the demo", () => {
  it("open the shop for 24 seconds and keep nothing unless told", () => {
    expect(parseOptions([])).toEqual({ isKept: false, seconds: 24 });
    expect(parseOptions(["--keep", "--seconds", "60"])).toEqual({ isKept: true, seconds: 60 });
  });

  it.each(["--seconds 3", "--seconds fast", "--seconds=1e3", "--fast", "now"])(
    "refuse %s with the problem",
    (words) => {
      expect(parseOptions(words.split(" "))).toHaveProperty("problem");
    },
  );

  it("know when help is wanted", () => {
    expect(parseOptions(["--keep", "-h"])).toBe("help");
  });
});
