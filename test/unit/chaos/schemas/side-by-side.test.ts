import { describe, expect, it } from "@jest/globals";
import { sideBySide } from "../../../chaos/schemas/stage/side-by-side.ts";

describe("worlds side by side", () => {
  it("are never more than so many, and each has its own outcome", async () => {
    let running = 0;
    let most = 0;
    const outcomes = sideBySide([1, 2, 3, 4, 5], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      if (item === 3) throw new Error("the third fails");
      return item * 10;
    });
    const settled = await Promise.allSettled(outcomes);
    expect(settled.map((one) => (one.status === "fulfilled" ? one.value : "failed"))).toEqual([
      10,
      20,
      "failed",
      40,
      50,
    ]);
    expect(most).toBe(2);
  });
});
