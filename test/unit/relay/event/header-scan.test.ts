import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { HeaderFault, HeaderScan } from "../../../../src/relay/event/header-scan.ts";

type Entry = readonly [name: string, value: string | null];

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The headers of a text; throws what the scan throws. */
function scanned(json: string | Uint8Array): Entry[] {
  const text = typeof json === "string" ? Buffer.from(json) : json;
  // As a row has it: a view of a larger message.
  const message = Buffer.concat([Buffer.from('"{'), text, Buffer.from('"}')]);
  const headers = new HeaderScan(message.subarray(2, 2 + text.length)).headers();
  return headers.map(({ name, value }) => [
    utf8.decode(name),
    value === null ? null : utf8.decode(value),
  ]);
}

/** The headers; null where they are refused. */
function orFault(json: Uint8Array): Entry[] | null {
  try {
    return scanned(json);
  } catch (error) {
    if (!(error instanceof HeaderFault)) throw error;
    return null;
  }
}

const STRING = /"(?:[^"\\]|\\[^])*"/.source;
const MEMBER = new RegExp(`(${STRING})[ \\t\\n\\r]*:[ \\t\\n\\r]*(${STRING}|null)`, "g");

/**
 * What JSON.parse makes of it, token by token; null where that is no object of well-formed strings and nulls. Names are
 * not read from the object: it hides repeated ones, and Node 26 takes `"\\n"` for `"\\\\"` once an object had that name.
 */
function parsed(json: Uint8Array): Entry[] | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(json);
    const value = JSON.parse(text) as unknown;
    if (value === null) return [];
    if (typeof value !== "object" || Array.isArray(value)) return null;
    if (/[^{},\s]/.test(text.replaceAll(MEMBER, ""))) return null;
    const members = [...text.matchAll(MEMBER)].map(
      ([, name = "", one = ""]) => [JSON.parse(name), JSON.parse(one)] as Entry,
    );
    const isGood = members.every(
      ([name, one]) => name.isWellFormed() && (one === null || one.isWellFormed()),
    );
    return isGood ? members : null;
  } catch {
    return null;
  }
}

const anyString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200, size: "max" }),
  fc.string({ unit: fc.constantFrom("\\", '"', "\n", "\u0000", "é", "𝄞", "a") }),
  fc.nat().map(String),
  fc.constantFrom("", "__proto__", "constructor", "10", "9"),
);
const whitespace = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 });
/** One way of many to write a string. */
const written = (text: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    JSON.stringify(text),
    `"${text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`,
  );
const entries = fc.array(fc.tuple(anyString, fc.option(anyString)), { maxLength: 4 });
const documents = entries.chain((list) =>
  fc
    .tuple(
      ...list.map(([name, value]) =>
        fc
          .tuple(
            whitespace,
            written(name),
            whitespace,
            whitespace,
            value === null ? fc.constant("null") : written(value),
            whitespace,
          )
          .map(([a, key, b, c, text, d]) => `${a}${key}${b}:${c}${text}${d}`),
      ),
    )
    .map((members) => ({ list, json: ` {${members.join(",")} }\n` })),
);

describe("headers of a row", () => {
  it("keep their order and repeated names, however the text is written", () => {
    fc.assert(
      fc.property(documents, ({ list, json }) => {
        expect(scanned(json)).toEqual(list);
      }),
      { numRuns: 200 },
    );
  });

  it("come from those texts alone that JSON.parse takes for an object of strings", () => {
    const edits = fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(2),
        fc.oneof(fc.constantFrom(...Buffer.from('{}":,\\nul0t[ \n')), fc.nat(255)),
      ),
      { maxLength: 3 },
    );
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(documents, edits, ({ json }, changes) => {
        let bytes = Buffer.from(json);
        for (const [place, removed, byte] of changes) {
          const at = place % (bytes.length + 1);
          bytes = Buffer.concat([
            bytes.subarray(0, at),
            Buffer.of(byte),
            bytes.subarray(at + removed),
          ]);
        }
        const expected = parsed(bytes);
        const seen = orFault(bytes);
        if (seen === null) refused += 1;
        else taken += 1;
        expect(seen).toEqual(expected);
      }),
      { numRuns: 1_500 },
    );
    expect(taken).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    ['{"b": "1", "a": "2", "10": "3", "9": "4"}', ["b", "a", "10", "9"]],
    ['{"a": "1", "a": "2"}', ["a", "a"]],
    ["{}", []],
    [" null ", []],
    ["\ufeff{}", []],
  ])("of %s have the names %j", (json, names) => {
    expect(scanned(json).map(([name]) => name)).toEqual(names);
  });

  it.each([
    '{"s": "\\ud83d"}',
    '{"\\udc00": "x"}',
    '{"a": "1",}',
    '{"a": "1"} x',
    '{"a": nul}',
    '{"a": "\t"}',
    '{"a": "\\x"}',
    '{"a": "1"',
    '{"a": "1',
    '{"a": "\\"',
    "",
    "[]",
  ])("are refused in %s", (json) => {
    expect(() => scanned(json)).toThrow(HeaderFault);
  });

  it("may be long", () => {
    const [name, value] = ["n".repeat(100_000), "ü\n".repeat(100_000)];
    expect(scanned(JSON.stringify({ [name]: value }))).toEqual([[name, value]]);
  });

  it("are refused where bytes are not UTF-8, also where an escape hides the end of a string", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x5c, 0xc3]]) {
      const json = Buffer.concat([Buffer.from('{"a": "'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(() => scanned(json)).toThrow(HeaderFault);
    }
  });
});
