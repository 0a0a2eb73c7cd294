import { describe, expect, it } from "@jest/globals";
import { BackfillReport } from "../../../src/cli/backfill-report.ts";

function reported(isTerminal: boolean): string {
  let written = "";
  let nowMs = 0;
  const stdout = (text: string): void => {
    written += text;
  };
  const out = { stdout, stderr: stdout, isTerminal };
  const report = new BackfillReport(out, () => nowMs);
  for (const sent of [0, 100, 250, 400]) {
    report.progressed({ candidates: 1_000, skipped: 100, sent });
    nowMs += 500;
  }
  report.progressed({ candidates: 1_000, skipped: 100, sent: 900 });
  report.ended();
  return written;
}

describe("the report of a backfill", () => {
  it("is a JSON line a second for a machine, with rate and time left, and one at the end", () => {
    const lines = reported(false)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual([
      {
        candidates: 1000,
        skipped: 100,
        sent: 0,
        rowsPerSecond: 100000,
        etaSeconds: 1,
        done: false,
      },
      { candidates: 1000, skipped: 100, sent: 250, rowsPerSecond: 350, etaSeconds: 2, done: false },
      { candidates: 1000, skipped: 100, sent: 900, rowsPerSecond: 500, etaSeconds: 0, done: false },
      { candidates: 1000, skipped: 100, sent: 900, rowsPerSecond: 500, etaSeconds: 0, done: true },
    ]);
  });

  it("is one line that changes for a person", () => {
    const text = reported(true);
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain("\r350 of 1000 rows: 250 sent, 100 were at Kafka; 350/s, 2 s left");
    expect(text).toMatch(
      /\r1000 of 1000 rows: 900 sent, 100 were at Kafka; 500\/s, 0 s left\s*\n$/,
    );
  });
});
