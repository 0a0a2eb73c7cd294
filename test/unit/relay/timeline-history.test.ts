import { describe, expect, it } from "@jest/globals";
import { lsn } from "../../../src/relay/lsn.ts";
import { TimelineHistory } from "../../../src/relay/timeline-history.ts";

const HISTORY = "1\t0/50\tno recovery target specified\n\n2\t0/130\tno recovery target specified\n";

describe("the timeline of a record in the log", () => {
  const history = new TimelineHistory(3, HISTORY);

  it.each([
    [0x4fn, 1],
    [0x50n, 2],
    [0x12fn, 2],
    [0x130n, 3],
    [0xffffffffffn, 3],
  ])(
    "at %d is that on which it was written, not that of the server that sends it",
    (at, timeline) => {
      expect(history.at(lsn(at))).toBe(timeline);
    },
  );

  it("is the current one where there is no history", () => {
    expect(new TimelineHistory(1, null).at(lsn(5n))).toBe(1);
  });

  it.each([
    [1, null, true],
    [3, HISTORY, true],
    [3, null, false],
    [3, "", false],
  ])("is known of timeline %d with the file %j: %s", (current, file, isKnown) => {
    expect(new TimelineHistory(current, file).isKnown).toBe(isKnown);
  });

  it("ended where the history says, and nowhere when it is no ancestor", () => {
    expect([history.endOf(1), history.endOf(2), history.endOf(3), history.endOf(9)]).toEqual([
      0x50n,
      0x130n,
      null,
      null,
    ]);
  });
});
