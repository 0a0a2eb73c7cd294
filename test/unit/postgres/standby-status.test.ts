import { describe, expect, it } from "@jest/globals";
import { decodeKeepalive, encodeStatus } from "../../../src/postgres/standby-status.ts";
import { lsn } from "../../../src/relay/lsn.ts";

describe("a standby status update", () => {
  it("carries the positions as they are, without adding one", () => {
    const status = { received: lsn(0x1_0000_0002n), confirmed: lsn(0xffffffffn) };
    // One second after 2000-01-01.
    const message = encodeStatus(status, 946_684_801_000, false);
    expect(message.toString("hex")).toBe(
      `72${"0000000100000002"}${"00000000ffffffff"}${"00000000ffffffff"}${"00000000000f4240"}00`,
    );
  });

  it("asks for a reply in its last byte", () => {
    const status = { received: lsn(0n), confirmed: lsn(0n) };
    expect(encodeStatus(status, 946_684_800_000, true).toString("hex")).toBe(
      `72${"00".repeat(32)}01`,
    );
  });
});

describe("what the server sends", () => {
  it.each([
    ["00", false],
    ["01", true],
  ])("is read from a keepalive whose last byte is %s", (flag, replyRequested) => {
    const message = Buffer.from(`6b00000002ffffffff${"00".repeat(8)}${flag}`, "hex");
    expect(decodeKeepalive(message)).toEqual({ walEnd: 0x2_ffff_ffffn, replyRequested });
  });
});
