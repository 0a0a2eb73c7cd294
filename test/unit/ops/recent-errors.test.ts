import { beforeEach, describe, expect, it } from "@jest/globals";
import { RecentErrors } from "../../../src/ops/recent-errors.ts";

let nowMs: number;
let errors: RecentErrors;

beforeEach(() => {
  nowMs = 0;
  errors = new RecentErrors(() => nowMs);
});

function told(code: string, message = "m") {
  return { code, message, hint: "h" };
}

describe("the last errors", () => {
  it("are one for each code and message, the newest first, with how often and when", () => {
    errors.add(told("A"));
    nowMs = 10;
    errors.add(told("B"));
    nowMs = 20;
    errors.add(told("A"));
    expect(errors.list).toEqual([
      { ...told("A"), count: 2, firstMs: 0, lastMs: 20 },
      { ...told("B"), count: 1, firstMs: 10, lastMs: 10 },
    ]);
  });

  it("count an error once that is told and then shown as the reason of a state", () => {
    errors.add(told("A"));
    errors.note(told("A"));
    errors.note(told("B"));
    expect(errors.list.map(({ code, count }) => [code, count])).toEqual([
      ["B", 1],
      ["A", 1],
    ]);
  });

  it("are twenty at most: the one that is longest past goes", () => {
    for (let at = 0; at < 21; at++) errors.add(told("A", `m${at}`));
    errors.add(told("A", "m1"));
    errors.add(told("A", "m99"));
    const messages = errors.list.map(({ message }) => message);
    expect(messages).toHaveLength(20);
    expect(messages.slice(0, 2)).toEqual(["m99", "m1"]);
    expect(messages).not.toContain("m0");
    expect(messages).not.toContain("m2");
  });
});
