import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { median, slope } from "../../../bench/report/statistics.ts";

describe("median", () => {
  it("is the middle of an odd count, whatever the order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("is the mean of the two in the middle of an even count", () => {
    expect(median([1, 100, 3, 2])).toBe(2.5);
  });

  it("is refused without values", () => {
    expect(() => median([])).toThrow("no values");
  });

  it("has as many values above as below", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});

describe("slope", () => {
  it("finds the growth of a line", () => {
    expect(slope([0, 1, 2, 3], [10, 12, 14, 16])).toBeCloseTo(2);
  });

  it("is the least-squares fit where points are off the line", () => {
    expect(slope([0, 1, 2], [0, 3, 0])).toBeCloseTo(0);
    expect(slope([0, 1, 2], [0, 0, 3])).toBeCloseTo(1.5);
  });

  it("is 0 for a single moment", () => {
    expect(slope([5, 5], [1, 9])).toBe(0);
  });
});
