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
  it("count once everything that they show is covered, the newest first, at whatever position is asked for", () => {
    const step = fc.oneof(
      fc.record({ add: fc.nat(50) }),
      fc.record({ ask: fc.nat(60) }),
      fc.record({ settle: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const watermarks = new Watermarks(null);
        const added: number[] = [];
        let settled = 0;
        const seen = steps.map((one) => {
          if ("add" in one) {
            added.push(Math.max(added.at(-1) ?? 0, one.add));
            watermarks.add(at(added.at(-1) ?? 0));
          }
          if ("settle" in one) {
            settled = Math.max(settled, one.settle);
            watermarks.settled(lsn(BigInt(settled)));
          }
          // A batch that comes again may be shorter than before, down to what is durable.
          const covered = Math.max(settled, "ask" in one ? one.ask : 0);
          const newest = added.findLast((mark) => mark <= covered) ?? null;
          return { found: watermarks.at(lsn(BigInt(covered)))?.lsn ?? null, newest };
        });
        for (const { found, newest } of seen) {
          expect(found).toBe(newest === null ? null : lsn(BigInt(newest)));
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

  it("make room once a checkpoint that covers them is durable, whatever was handed out", () => {
    const watermarks = new Watermarks(at(1));
    for (let mark = 2; mark <= 1_000; mark++) {
      watermarks.add(at(mark));
      expect(watermarks.at(lsn(BigInt(mark)))?.lsn).toBe(BigInt(mark));
      watermarks.settled(lsn(BigInt(mark)));
    }
  });
});
