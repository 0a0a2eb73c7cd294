import { describe, expect, it } from "@jest/globals";
import { ToldLsn } from "../../../src/postgres/told-lsn.ts";
import { lsn } from "../../../src/relay/lsn.ts";

/** XLogData with a WAL start, and a pgoutput message in it. */
function xlogData(start: bigint, message: Uint8Array): Buffer {
  const head = Buffer.alloc(25);
  head.write("w");
  head.writeBigUInt64BE(start, 1);
  return Buffer.concat([head, message]);
}

function begin(commitLsn: bigint): Buffer {
  const bytes = Buffer.alloc(21);
  bytes.write("B");
  bytes.writeBigUInt64BE(commitLsn, 1);
  return bytes;
}

describe("the highest position that a server has announced", () => {
  it("is the highest WAL start, across the halves of a position", () => {
    const told = new ToldLsn(lsn(0x1_0000_0005n));
    const insert = Buffer.from("I");
    for (const [start, highest] of [
      [0x1_0000_0004n, 0x1_0000_0005n],
      [0x0_ffff_ffffn, 0x1_0000_0005n],
      [0x1_0000_0006n, 0x1_0000_0006n],
      [0x2_0000_0000n, 0x2_0000_0000n],
      [0xffff_ffff_ffff_fff0n, 0xffff_ffff_ffff_fff0n],
    ] as const) {
      told.tellOf(xlogData(start, insert), 0);
      expect(told.value).toBe(highest);
    }
  });

  it("is the start of the commit record that a BEGIN names, wherever the message lies in its piece", () => {
    const told = new ToldLsn(lsn(16n));
    told.tellOf(Buffer.concat([Buffer.alloc(7), xlogData(20n, begin(0x3_0000_000fn))]), 7);
    expect(told.value).toBe(0x3_0000_000fn);
  });

  it("rises by keepalives and falls by nothing", () => {
    const told = new ToldLsn(lsn(16n));
    told.raise(lsn(0x5_0000_0000n));
    told.raise(lsn(17n));
    expect(told.value).toBe(0x5_0000_0000n);
  });
});
