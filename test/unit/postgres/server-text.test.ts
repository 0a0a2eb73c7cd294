import { describe, expect, it } from "@jest/globals";
import { serverText, stateText } from "../../../src/postgres/server-text.ts";

const SECRET = "4111 1111 1111 1111";

describe("the text of a server's error", () => {
  it("is shown beside the SQLSTATE", () => {
    const error = { code: "08P01", message: "unsupported startup parameter: options" };
    expect(stateText(error)).toBe("SQLSTATE 08P01: unsupported startup parameter: options");
  });

  it.each(["22P02", "22012", "23505", "23514", "44000", "38000", "P0001", "99ABC"])(
    "is left out of class %s, whose texts may quote values of rows",
    (code) => {
      expect(stateText({ code, message: `invalid input: "${SECRET}"` })).toBe(`SQLSTATE ${code}`);
    },
  );

  it("stays in one line, however it was written", () => {
    const message = "a\nb\u001b[31mred\u2028c\u202ed\ud800";
    const text = serverText({ code: "XX000", message });
    expect(text).toBe("a\\u000ab\\u001b[31mred\\u2028c\\u202ed\ufffd");
  });

  it("is cut where it is long", () => {
    const text = serverText({ code: "58030", message: "x".repeat(10_000) });
    expect(text).toBe(`${"x".repeat(200)}...`);
  });
});
