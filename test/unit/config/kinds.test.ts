import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Kind } from "../../../src/config/kinds.ts";
import {
  boolean,
  duration,
  FormatError,
  integer,
  listOf,
  oneOf,
  ratio,
  replicationFactor,
  size,
} from "../../../src/config/kinds.ts";

function refused<T>(kind: Kind<T>, texts: readonly string[]): string[] {
  return texts.filter((text) => {
    try {
      kind.parse(text);
      return false;
    } catch (error) {
      return error instanceof FormatError;
    }
  });
}

describe("a duration", () => {
  const kind = duration({ minMs: 100, maxMs: 3_600_000, zero: "never" });

  it.each([
    ["500ms", 500],
    ["5s", 5_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["0", 0],
    ["0s", 0],
  ])("%s is %d ms", (text, ms) => {
    expect(kind.parse(text)).toBe(ms);
  });

  it("is refused without a unit, with a fraction, a blank, a sign or another unit", () => {
    const texts = [
      "5",
      "1.5s",
      "5 s",
      " 5s",
      "5s ",
      "-5s",
      "+5s",
      "5S",
      "5sec",
      "1d",
      "0x5s",
      "05s",
      "s",
      "1m30s",
    ];
    expect(refused(kind, texts)).toEqual(texts);
  });

  it("is refused beyond its bounds, and zero where zero has no meaning", () => {
    expect(refused(kind, ["99ms", "2h"])).toEqual(["99ms", "2h"]);
    expect(refused(duration({ minMs: 100, maxMs: 1_000 }), ["0", "0ms"])).toEqual(["0", "0ms"]);
  });

  it("reads back what it writes, for every value within the bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 3_600_000 }), (ms) => {
        expect(kind.parse(kind.show(ms))).toBe(ms);
      }),
    );
  });
});

describe("a size", () => {
  const kind = size({ min: 1, max: 16 * 1024 ** 3 });

  it.each([
    ["4096", 4_096],
    ["64KiB", 65_536],
    ["16MiB", 16_777_216],
    ["16GiB", 17_179_869_184],
  ])("%s is %d bytes", (text, bytes) => {
    expect(kind.parse(text)).toBe(bytes);
  });

  it("is refused with decimal units, fractions or blanks, because 16MB could mean two numbers", () => {
    const texts = ["16MB", "16M", "1.5MiB", "16 MiB", "16mib", "-1", "17GiB", "0"];
    expect(refused(kind, texts)).toEqual(texts);
  });

  it("reads back what it writes, for every value within the bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 * 1024 ** 3 }), (bytes) => {
        expect(kind.parse(kind.show(bytes))).toBe(bytes);
      }),
    );
  });
});

describe("a whole number", () => {
  it("takes nothing but digits: convict alone would read 10abc as 10 and 1.9 as 1", () => {
    const texts = ["10abc", "1.9", "0x10", "1e3", "", "1_000", " 1", "007", "0", "101"];
    expect(refused(integer({ min: 1, max: 100 }), texts)).toEqual(texts);
    expect(integer({ min: 1, max: 100 }).parse("100")).toBe(100);
  });

  it("of replicas is -1 or above zero", () => {
    expect(refused(replicationFactor(), ["0", "-2", "16"])).toEqual(["0", "-2", "16"]);
    expect(replicationFactor().parse("-1")).toBe(-1);
    expect(replicationFactor().parse("3")).toBe(3);
  });
});

describe("a bool, a ratio and an enum", () => {
  it("are taken in one spelling only: convict alone would read 0, no and off as true", () => {
    const words = ["0", "1", "no", "off", "yes", "TRUE", "True", ""];
    expect(refused(boolean(), words)).toEqual(words);
    expect(boolean().parse("false")).toBe(false);
    expect(refused(oneOf("auto", "v1"), ["AUTO", "v3", ""])).toEqual(["AUTO", "v3", ""]);
    expect(refused(ratio(), ["1.1", "-0.1", ".5", "20%", "1.0"])).toEqual([
      "1.1",
      "-0.1",
      ".5",
      "20%",
      "1.0",
    ]);
    expect(ratio().parse("0.2")).toBe(0.2);
  });
});

describe("a list", () => {
  const kind = listOf(integer({ min: 1, max: 9 }));

  it("drops blanks around its entries", () => {
    expect(kind.parse("1, 2 ,3")).toEqual([1, 2, 3]);
  });

  it("is refused with an empty, a repeated or a wrong entry", () => {
    expect(refused(kind, ["1,,2", "1,", ",", "1,1", "1, 1", "1,x"])).toHaveLength(6);
  });
});
