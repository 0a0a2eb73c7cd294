import { describe, expect, it } from "@jest/globals";
import { formatBytes, formatSeconds } from "../../../src/ops/amounts.ts";

describe("amounts for people", () => {
  it("are bytes in the largest unit that fits", () => {
    expect(
      [0, 1_023, 1_024, 1.5 * 1024 ** 2, -3 * 1024 ** 3, 2 * 1024 ** 4].map(formatBytes),
    ).toEqual(["0 bytes", "1023 bytes", "1.0 KiB", "1.5 MiB", "-3.0 GiB", "2.0 TiB"]);
  });

  it("are seconds in the two units that count", () => {
    expect([0.4, 59, 60, 3_599, 7_200, 7_800, 172_800, 180_000].map(formatSeconds)).toEqual([
      ...["0 s", "59 s", "1 min", "59 min", "2 h", "2 h 10 min", "2 d", "2 d 2 h"],
    ]);
  });
});
