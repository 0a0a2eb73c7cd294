import { describe, expect, it } from "@jest/globals";
import { parseProveOptions, USAGE } from "../../../chaos/prove/options.ts";
import { FAULT_NAMES } from "../../../chaos/prove/plan/fault-cards.ts";

describe("the options of npm run prove", () => {
  it("have defaults, and a fresh seed where none is given", () => {
    expect(parseProveOptions([], 77)).toEqual({
      minutes: 5,
      seed: 77,
      majors: [18],
      brokers: 3,
      faults: FAULT_NAMES,
      deliveries: ["exactly-once"],
      isRecorded: false,
    });
  });

  it("take lists and modes", () => {
    const argv =
      "--minutes 0.5 --seed 5 --postgres 14,18 --brokers 1 --faults kill,freeze --delivery both";
    expect(parseProveOptions(argv.split(" "), 77)).toMatchObject({
      minutes: 0.5,
      seed: 5,
      majors: [14, 18],
      brokers: 1,
      faults: ["kill", "freeze"],
      deliveries: ["exactly-once", "at-least-once"],
    });
  });

  it.each([
    ["--minutes", "0"],
    ["--minutes", "soon"],
    ["--seed", "-1"],
    ["--seed", "1.5"],
    ["--postgres", "13"],
    ["--postgres", "14,"],
    ["--brokers", "2"],
    ["--faults", "kill,smash"],
    ["--delivery", "twice"],
    ["--unknown", "1"],
  ])("%s %s is refused in one line that names it", (flag, value) => {
    const parsed = parseProveOptions([`${flag}=${value}`], 77);
    expect(parsed).toEqual({
      problem: expect.stringMatching(new RegExp(`^[^\\n]*${flag}[^\\n]*$`)),
    });
  });

  it("are told by --help, with every fault", () => {
    expect(parseProveOptions(["--help"], 77)).toBe("help");
    expect(FAULT_NAMES.filter((name) => !USAGE.includes(name))).toEqual([]);
  });
});
