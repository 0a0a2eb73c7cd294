import { describe, expect, it } from "@jest/globals";
import { startCommand } from "../../../src/postgres/start-command.ts";

describe("START_REPLICATION", () => {
  it("starts where the slot stands, in protocol 1", () => {
    expect(startCommand("outbox_relay", ["outbox_relay"], false)).toBe(
      `START_REPLICATION SLOT "outbox_relay" LOGICAL 0/0 (proto_version '1', publication_names '"outbox_relay"')`,
    );
  });

  it("asks for binary when wanted", () => {
    expect(startCommand("s", ["p"], true)).toContain(`, binary 'true')`);
  });

  it("quotes names twice: as identifiers, and as the option's text", () => {
    expect(startCommand("s", [`O'Brien "s`, "a,b"], false)).toContain(
      `publication_names '"O''Brien ""s","a,b"'`,
    );
  });
});
