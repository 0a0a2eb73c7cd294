import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { areaPath, BINARY, DECIMAL, linePath, niceMax } from "../../../../src/ops/page/scale.ts";

const FRAME = { fromMs: 0, untilMs: 100, max: 10, width: 100, height: 50 };

describe("the end of an axis", () => {
  it.each([
    [0, 1, DECIMAL, 1],
    [1.1, 1, DECIMAL, 2],
    [260, 1, DECIMAL, 400],
    [400, 1, DECIMAL, 400],
    [401, 1, DECIMAL, 1_000],
    [3.2 * 1024 ** 3, 1024 ** 2, BINARY, 4 * 1024 ** 3],
    [0, 1024 ** 2, BINARY, 1024 ** 2],
  ])("for values up to %p, and %p at least, in steps of %p is %p", (max, least, steps, end) => {
    expect(niceMax(max, least, steps)).toBe(end);
  });

  it("is never below a value, and never more than three times it", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e12, noNaN: true }), (value) => {
        const end = niceMax(value, 1, DECIMAL);
        expect(end).toBeGreaterThanOrEqual(value);
        expect(end).toBeLessThanOrEqual(value * 3);
      }),
    );
  });
});

describe("a line", () => {
  const points = [
    { atMs: 0, value: 0 },
    { atMs: 50, value: 5 },
    { atMs: 60, value: null },
    { atMs: 100, value: 20 },
  ];

  it("is broken where nothing is known, and does not leave its frame", () => {
    expect(linePath(points, FRAME)).toBe("M0 50L50 25M100 0h0");
  });

  it("has an area for each unbroken piece", () => {
    expect(areaPath(points, FRAME)).toBe("M0 50L50 25L50 50L0 50ZM100 0L100 50L100 50Z");
  });

  it("is nothing without values", () => {
    expect([linePath([], FRAME), areaPath([{ atMs: 1, value: null }], FRAME)]).toEqual(["", ""]);
  });
});
