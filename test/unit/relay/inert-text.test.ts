import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RelayError } from "../../../src/relay/errors.ts";
import { PoisonError } from "../../../src/relay/event/poison.ts";
import { inertFinding } from "../../../src/relay/finding.ts";
import { inert, SENTENCE_CHARS_MAX, shown } from "../../../src/relay/inert-text.ts";
import { lsn } from "../../../src/relay/lsn.ts";

/** What a terminal obeys, what ends a line, what turns the direction of reading, halves of characters. */
const ACTIVE = /[\p{Cc}\u2028\u2029\p{Bidi_Control}]|\p{Surrogate}/u;
const piece = fc.oneof(
  fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
  fc.constantFrom("\u001b]0;owned\u0007", "\n", "\r", "\u009b", "\u202e", "\u2066", "\u2028"),
  fc.constantFrom("\ud800", "\udc00", "é", "漢", "😀", "\u061c", "\u200f", "\u007f"),
);
const hostile = fc.array(piece, { maxLength: 150, size: "max" }).map((pieces) => pieces.join(""));
const huge = `\u001b]0;owned\u0007${"x".repeat(20_000_000)}`;

describe("text that somebody else has a part in", () => {
  it("is shown without what a terminal or a reader of lines obeys", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(inert(text)).not.toMatch(ACTIVE);
        expect(shown(text)).not.toMatch(ACTIVE);
      }),
      { numRuns: 1_000 },
    );
  });

  it("stays as it is where nothing in it is active, in any script", () => {
    for (const text of ["public.outbox", "Grüße, 漢字 😀", 'a "b" c\\d', "עברית العربية"])
      expect(inert(text)).toBe(text);
  });

  it("is cut, and says how long it was", () => {
    expect(shown("x".repeat(100))).toBe("x".repeat(100));
    expect(shown("x".repeat(101))).toBe(`${"x".repeat(100)}... (101 characters)`);
    expect(inert(huge).length).toBeLessThan(SENTENCE_CHARS_MAX + 100);
    // Every character may become an escape of six.
    expect(inert("\u0000".repeat(5_000)).length).toBeLessThan(6 * SENTENCE_CHARS_MAX + 100);
  });

  it("is inert in an error, a hint, a finding and the id of a row", () => {
    const error = new RelayError(huge, { code: "X", remedy: "halt", hint: huge });
    const finding = inertFinding({ message: huge, hint: huge });
    const place = { id: Buffer.from(huge), commitLsn: lsn(1n), index: 1 };
    const poison = new PoisonError(place, { code: "X", message: "is NULL", hint: huge });
    for (const text of [error.message, error.hint, finding.message, finding.hint, poison.hint]) {
      expect(text).toMatch(/^\\u001b\]0;owned\\u0007x+\.\.\. \(20000010 characters\)$/);
    }
    expect(poison.message).toMatch(/with id .{110}\.\.\. \(20000010 characters\) \(row 1 of/);
    expect(poison.message).toContain("cannot be published: is NULL");
  });
});
