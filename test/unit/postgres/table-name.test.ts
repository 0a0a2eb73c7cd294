import { describe, expect, it } from "@jest/globals";
import { parseTableName, sqlTableName } from "../../../src/postgres/table-name.ts";

describe("a table's name", () => {
  it.each([
    ["public.outbox", "public", "outbox"],
    ["outbox", "public", "outbox"],
    ["Shop.Outbox", "Shop", "Outbox"],
    ['"my.schema"."a ""b"""', "my.schema", 'a "b"'],
  ])("is read from %s", (text, schema, name) => {
    expect(parseTableName(text)).toEqual({ schema, name });
  });

  it.each(["", ".", "a.", ".b", "a.b.c", '"a', 'a"b'])("is not found in %j", (text) => {
    expect(() => parseTableName(text)).toThrow(expect.objectContaining({ code: "CONFIG_TABLE" }));
  });

  it("is quoted for SQL only where it must be", () => {
    expect(sqlTableName({ schema: "public", name: "outbox" })).toBe("public.outbox");
    expect(sqlTableName({ schema: "My", name: 'a"b' })).toBe('"My"."a""b"');
  });
});
