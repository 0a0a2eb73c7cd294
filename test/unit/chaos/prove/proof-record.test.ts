import { describe, expect, it } from "@jest/globals";
import type { ProofRecord } from "../../../chaos/prove/proof-record.ts";
import { mergeRecord } from "../../../chaos/prove/proof-record.ts";

function recordOf(change: Partial<ProofRecord>): ProofRecord {
  const base = { date: "2026-01-01", seed: 1, minutes: 5, postgres: "18.4", brokers: 3 };
  return { ...base, delivery: "exactly-once", ...change } as ProofRecord;
}

describe("the record of runs", () => {
  it("keeps runs by date, and the last of those with one seed and the same settings", () => {
    const first = recordOf({});
    const other = recordOf({ seed: 2, date: "2026-01-03" });
    const repeated = recordOf({ date: "2026-01-02" });
    expect(mergeRecord([first, other], repeated)).toEqual([repeated, other]);
    expect(mergeRecord([], first)).toEqual([first]);
  });
});
