import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { lsn } from "../../../src/relay/lsn.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { Watermarks } from "../../../src/relay/watermark.ts";

const at = (position: number): Watermark => ({
  snapshot: `${position}:`,
  lsn: lsn(BigInt(position)),
  atMs: 0,
});

describe("watermarks on their way into a checkpoint", () => {
  it("count once everything that they show is covered, the newest first, and never go back", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 40 }), fc.array(fc.nat(60)), (marks, asked) => {
        const watermarks = new Watermarks(null);
        const sorted = marks.toSorted((a, b) => a - b);
        for (const mark of sorted) watermarks.add(at(mark));
        let covered = 0;
        for (const position of asked) {
          covered = Math.max(covered, position);
          const newest = sorted.findLast((mark) => mark <= covered);
          expect(watermarks.at(lsn(BigInt(position)))?.lsn ?? null).toBe(
            newest === undefined ? null : lsn(BigInt(newest)),
          );
        }
      }),
    );
  });

  it("keep the one that the last checkpoint held until a newer one is reached", () => {
    const watermarks = new Watermarks(at(5));
    watermarks.add(at(9));
    expect(watermarks.at(lsn(8n))).toEqual(at(5));
    expect(watermarks.at(lsn(9n))).toEqual(at(9));
  });

  it("are bounded: with a stream far behind the older ones stay", () => {
    const watermarks = new Watermarks(null);
    for (let mark = 1; mark <= 1_000; mark++) watermarks.add(at(mark));
    expect(watermarks.at(lsn(2_000n))?.lsn).toBe(64n);
  });
});
