import { expect, it } from "@jest/globals";
import { minutesRun } from "../../chaos/option-values.ts";

it.each([
  [122, 122 * 60_000 + 5_000, 122],
  [122, 40 * 60_000 + 7_000, 40.1],
  [0.5, 31_000, 0.5],
])("a campaign of %f minutes that ended after %i ms ran for %f", (planned, elapsedMs, ran) => {
  expect(minutesRun(planned, elapsedMs)).toBe(ran);
});
