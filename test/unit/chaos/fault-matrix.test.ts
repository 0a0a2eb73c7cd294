import { describe, expect, it } from "@jest/globals";
import { faultCases } from "../../chaos/fault-marks.ts";
import { FAULTS, NOT_INJECTED } from "../../chaos/fault-matrix.ts";

const cases = faultCases();
const injected = new Set(cases.map(({ fault }) => fault));

describe("the fault matrix", () => {
  it("has a case for every fault, or says why there is none", () => {
    const missing = Object.keys(FAULTS).filter(
      (number) => !injected.has(Number(number)) && NOT_INJECTED[Number(number)] === undefined,
    );
    expect(missing).toEqual([]);
  });

  it("is named by no test with a number that it does not have", () => {
    expect(cases.filter(({ fault }) => FAULTS[fault] === undefined)).toEqual([]);
  });
});
