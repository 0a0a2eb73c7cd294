import { describe, expect, it } from "@jest/globals";
import { insertedValues } from "../../../chaos/schemas/evidence/decoded-inserts.ts";

describe("lines of test_decoding", () => {
  it("give the values of an inserted row, whatever the names and types are called", () => {
    const line =
      `table public."Outbox$2_a low": INSERT: "EventId"[character]:'id 1   ' "order by"[text]:'it''s' ` +
      `tags[text[]]:'{a,"b c"}' key[public."Kennung"]:'0f8fad5b' "Größe"[numeric]:1.50 payload[public.event_bytes]:'\\x00ff' ` +
      `txid[xid8]:'735' headers[jsonb]:null "select"[character varying]:'Paid'`;
    expect(Object.fromEntries(insertedValues(line) ?? [])).toEqual({
      EventId: "id 1   ",
      "order by": "it's",
      tags: '{a,"b c"}',
      key: "0f8fad5b",
      Größe: "1.50",
      payload: "\\x00ff",
      txid: "735",
      headers: null,
      select: "Paid",
    });
  });

  it("are no row when they are anything else", () => {
    for (const line of ["BEGIN", "COMMIT", "table public.outbox: DELETE: id[text]:'a'"]) {
      expect(insertedValues(line)).toBeNull();
    }
  });
});
