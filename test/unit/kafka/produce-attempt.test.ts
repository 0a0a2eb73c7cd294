import { describe, expect, it } from "@jest/globals";
import { attemptOutcome } from "../../../src/kafka/produce-attempt.ts";

function outcomeOf(...errors: readonly number[]) {
  return attemptOutcome(
    errors.map((error, partition) => ({ topic: "t", partition, error, refusedIndex: null })),
  );
}

describe("what a produce request came to", () => {
  it("is ok when every partition has the batch, also from before", () => {
    expect(outcomeOf()).toEqual({ outcome: "ok", reason: null });
    expect(outcomeOf(0, 46, 0)).toEqual({ outcome: "ok", reason: null });
  });

  it("is named after the first error", () => {
    expect(outcomeOf(0, 6, 19)).toEqual({
      outcome: "retriable",
      reason: "NOT_LEADER_OR_FOLLOWER",
    });
  });

  it("is fatal as soon as one partition's error is", () => {
    expect(outcomeOf(6, 10)).toEqual({ outcome: "fatal", reason: "MESSAGE_TOO_LARGE" });
    expect(outcomeOf(47)).toEqual({ outcome: "fatal", reason: "INVALID_PRODUCER_EPOCH" });
  });

  it("has a name also for a code that nobody has heard of", () => {
    expect(outcomeOf(999)).toEqual({ outcome: "fatal", reason: "ERROR_999" });
  });
});
