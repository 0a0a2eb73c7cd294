import { describe, expect, it } from "@jest/globals";
import { orderOfTurn } from "../../../bench/rows/turns.ts";

describe("the order of a turn", () => {
  it("goes forth and back, so that each of a pair is first as often as the other", () => {
    const turns = [0, 1, 2, 3].map((turn) => orderOfTurn(["relay", "before"], turn).join(" "));
    expect(turns).toEqual(["relay before", "before relay", "relay before", "before relay"]);
  });

  it("leaves what it was given as it is", () => {
    const all = ["relay", "before"];
    orderOfTurn(all, 1).pop();
    expect(all).toEqual(["relay", "before"]);
  });
});
