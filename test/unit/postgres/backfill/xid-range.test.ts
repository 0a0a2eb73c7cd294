import { describe, expect, it } from "@jest/globals";
import { writerXid, xidRange } from "../../../../src/postgres/backfill/xid-range.ts";
import { LSN_ZERO } from "../../../../src/relay/lsn.ts";

const watermark = (snapshot: string) => ({ snapshot, lsn: LSN_ZERO, atMs: 0 });

describe("the transactions between a watermark and a later snapshot", () => {
  it("begin with the oldest one that was running", () => {
    expect(xidRange(watermark("700:900:700,850"), "910:1000:950")).toEqual({
      snapshot: "700:900:700,850",
      oldestRunning: 700n,
      end: 1000n,
    });
  });

  it("are all without a watermark", () => {
    expect(xidRange(null, "9:12:")).toEqual({ snapshot: null, oldestRunning: 0n, end: 12n });
  });

  it("have numbers beyond 32 bits, of which xmin holds the last ones", () => {
    const range = xidRange(null, "4294967400:4294967500:");
    expect(writerXid(range)).toBe(
      "(4294967500 - ((4294967500 - xmin::text::bigint) & 4294967295))",
    );
  });
});
