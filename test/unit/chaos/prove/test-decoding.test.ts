import { describe, expect, it } from "@jest/globals";
import { parseInsert } from "../../../chaos/prove/evidence/test-decoding.ts";

const LINE =
  "table public.outbox: INSERT: id[uuid]:'0f' aggregateid[text]:'it''s [text]:''x''' " +
  "payload[jsonb]:null headers[jsonb]:'{\"a\": \"Köln\"}' txid[xid8]:'740' n[bigint]:12 " +
  "created_at[timestamp with time zone]:'2026-01-31 10:00:00+00'";

describe("a row as the plugin test_decoding prints it", () => {
  it("gives its values by column", () => {
    expect(Object.fromEntries(parseInsert(LINE, "public.outbox") ?? [])).toEqual({
      id: "0f",
      aggregateid: "it's [text]:'x'",
      payload: null,
      headers: '{"a": "Köln"}',
      txid: "740",
      n: "12",
      created_at: "2026-01-31 10:00:00+00",
    });
  });

  it.each([
    "BEGIN",
    "COMMIT",
    "table public.outbox: DELETE: id[uuid]:'0f'",
    "table public.other: INSERT: id[uuid]:'0f'",
  ])("is none: %s", (line) => {
    expect(parseInsert(line, "public.outbox")).toBeNull();
  });
});
