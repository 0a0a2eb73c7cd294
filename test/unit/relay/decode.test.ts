import { describe, expect, it } from "@jest/globals";
import type { DecodedMessages } from "../../../src/relay/decode/pgoutput-decoder.ts";
import { PgoutputDecoder } from "../../../src/relay/decode/pgoutput-decoder.ts";
import { InvariantError, RelayError } from "../../../src/relay/errors.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import {
  beginBytes,
  commitBytes,
  insertBytes,
  originBytes,
  relationBytes,
} from "../../support/model/pgoutput-bytes.ts";

const TEXT = 25;

function decodeAll(messages: readonly Uint8Array[]): string[] {
  const seen: string[] = [];
  const out: DecodedMessages = {
    begin: ({ commitLsn, commitMs }) => seen.push(`begin ${commitLsn} ${commitMs}`),
    replicated: () => seen.push("replicated"),
    insert: (relation, tuple) => {
      const values = relation.columns.map(({ name }, i) =>
        tuple.isNull(i)
          ? `${name}=NULL`
          : `${name}=${Buffer.from(tuple.message.subarray(tuple.start(i), tuple.end(i))).toString()}`,
      );
      seen.push(`${relation.schema}.${relation.name} ${values.join(" ")}`);
    },
    commit: (endLsn) => seen.push(`commit ${endLsn}`),
  };
  const decoder = new PgoutputDecoder(out);
  for (const message of messages) decoder.decode(message);
  return seen;
}

describe("PgoutputDecoder", () => {
  it("reads a transaction with its commit position, time, rows and end", () => {
    const messages = [
      beginBytes(lsn(0x1_0000_0002n), 1_700_000_000_123),
      relationBytes(7, "public", "outbox", [
        { name: "a", typeOid: TEXT },
        { name: "b", typeOid: TEXT },
      ]),
      insertBytes(7, ["é", null]),
      commitBytes(lsn(0x1_0000_0002n), lsn(0x1_0000_0030n)),
    ];
    expect(decodeAll(messages)).toEqual([
      "begin 4294967298 1700000000123",
      "public.outbox a=é b=NULL",
      "commit 4294967344",
    ]);
  });

  it("reads each row by the RELATION that came last before it", () => {
    const messages = [
      relationBytes(7, "s", "t", [{ name: "a", typeOid: TEXT }]),
      insertBytes(7, ["1"]),
      relationBytes(7, "s", "t", [
        { name: "new", typeOid: TEXT },
        { name: "a", typeOid: TEXT },
      ]),
      insertBytes(7, ["x", "2"]),
    ];
    expect(decodeAll(messages)).toEqual(["s.t a=1", "s.t new=x a=2"]);
  });

  it("tells before the first row that a transaction was replicated from another server", () => {
    const messages = [
      beginBytes(lsn(2n), 1_700_000_000_123),
      originBytes("from afar"),
      commitBytes(lsn(2n), lsn(3n)),
    ];
    expect(decodeAll(messages)).toEqual(["begin 2 1700000000123", "replicated", "commit 3"]);
  });

  it("keeps a byte order mark in a name", () => {
    const messages = [
      relationBytes(7, "s", "\ufefft", [{ name: "\ufeffa", typeOid: TEXT }]),
      insertBytes(7, ["1"]),
    ];
    expect(decodeAll(messages)).toEqual(["s.\ufefft \ufeffa=1"]);
  });

  it.each([0x55, 0x44, 0x54])(
    "passes over the known tag 0x%s that an outbox has no use for",
    (tag) => {
      expect(decodeAll([Uint8Array.of(tag, 0, 0)])).toEqual([]);
    },
  );

  it.each([0x53, 0x4d, 0x00, undefined])(
    "halts at the unknown tag %s instead of skipping it",
    (tag) => {
      const message = tag === undefined ? new Uint8Array(0) : Uint8Array.of(tag);
      const decode = (): unknown => decodeAll([message]);
      expect(decode).toThrow(RelayError);
      expect(decode).toThrow(
        expect.objectContaining({ code: "DECODE_UNKNOWN_MESSAGE", remedy: "halt" }),
      );
    },
  );

  it("refuses a row without a RELATION and a row that is cut short", () => {
    expect(() => decodeAll([insertBytes(7, ["1"])])).toThrow(InvariantError);
    const relation = relationBytes(7, "s", "t", [{ name: "a", typeOid: TEXT }]);
    expect(() => decodeAll([relation, insertBytes(7, ["12345"]).subarray(0, -2)])).toThrow(
      InvariantError,
    );
  });
});
