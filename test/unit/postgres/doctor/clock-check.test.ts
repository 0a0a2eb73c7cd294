import { describe, expect, it } from "@jest/globals";
import { clockCheck, skewFinding } from "../../../../src/postgres/doctor/clock-check.ts";

describe("the clocks of both hosts", () => {
  it.each([
    { skewMs: 900, uncertaintyMs: 5, isFound: false },
    { skewMs: -1_500, uncertaintyMs: 5, isFound: true },
    { skewMs: 1_500, uncertaintyMs: 800, isFound: false },
  ])(
    "$skewMs ms apart, give or take $uncertaintyMs: $isFound",
    ({ skewMs, uncertaintyMs, isFound }) => {
      expect(skewFinding(skewMs, uncertaintyMs) !== null).toBe(isFound);
    },
  );

  it("are compared in the middle of the round trip", async () => {
    const ours = [1_000_000, 1_000_200];
    const check = await clockCheck(
      <R>() => Promise.resolve([{ atMs: "1005100" }] as R[]),
      () => ours.shift() ?? 0,
    );
    expect(check.seen).toBe("the server's is 5000 ms ahead, within 100 ms");
    expect(check.findings).toMatchObject([{ code: "CLOCK_SKEW" }]);
  });
});
