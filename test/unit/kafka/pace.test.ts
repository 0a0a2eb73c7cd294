import { beforeEach, describe, expect, it } from "@jest/globals";
import { Pace } from "../../../src/kafka/pace.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import { row } from "./refusing-brokers.ts";

const SLOW_MS = 1_000;
const QUICK_MS = 10;
const KIB = 1_024;

let pace: Pace;

beforeEach(() => {
  pace = new Pace(SLOW_MS);
});

function records(bytes: number): readonly OutboundRecord[] {
  return [row("events", "one", bytes)];
}

describe("the size of batches", () => {
  it("has no bound while each is durable in time", () => {
    for (const ms of [0, SLOW_MS / 2, SLOW_MS]) pace.took(records(100 * KIB), ms, true);
    pace.took(records(100 * KIB), QUICK_MS, false);
    expect(pace.bytesMax).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([true, false])(
    "falls to a part of one that took too long, durable or not: %s",
    (isDurable) => {
      pace.took(records(100 * KIB), SLOW_MS + 1, isDurable);
      expect(pace.bytesMax).toBeGreaterThan(20 * KIB);
      expect(pace.bytesMax).toBeLessThan(30 * KIB);
    },
  );

  it("does not rise where a smaller one takes as long, and stays above a floor", () => {
    pace.took(records(20 * KIB), SLOW_MS + 1, false);
    const first = pace.bytesMax;
    pace.took(records(100 * KIB), SLOW_MS + 1, false);
    expect(pace.bytesMax).toBe(first);
    pace.took([], SLOW_MS + 1, false);
    expect(pace.bytesMax).toBe(4 * KIB);
  });

  it("rises with each quick one, until it has no bound again", () => {
    pace.took(records(100 * KIB), SLOW_MS + 1, false);
    const small = pace.bytesMax;
    pace.took(records(small), SLOW_MS / 2, true);
    pace.took(records(small), QUICK_MS, false);
    expect(pace.bytesMax).toBe(small);
    pace.took(records(small), QUICK_MS, true);
    expect(pace.bytesMax).toBe(2 * small);
    for (let i = 0; i < 20; i++) pace.took(records(small), QUICK_MS, true);
    expect(pace.bytesMax).toBe(Number.POSITIVE_INFINITY);
  });
});
