import { describe, expect, it } from "@jest/globals";
import { AttachedTables } from "../../../../src/postgres/preflight/attached-tables.ts";
import type { TreeFacts } from "../../../../src/postgres/preflight/tree-facts.ts";
import { member } from "./tree-member.ts";

function attached(oid: string, hasRows: boolean): TreeFacts {
  return { flawed: [member({ oid, flaw: "attached", hasRows })], unlisted: [] };
}

describe("attached tables", () => {
  it("count as attached without rows for as long as they are seen, whatever comes later", () => {
    const tables = new AttachedTables();
    expect(tables.without(attached("1", false)).flawed).toEqual([]);
    expect(tables.without(attached("1", true)).flawed).toEqual([]);
    expect(tables.without(attached("1", true)).flawed).toEqual([]);
  });

  it("are told of when they had rows at the first sight", () => {
    expect(new AttachedTables().without(attached("1", true)).flawed).toHaveLength(1);
  });

  it("are forgotten when they are gone: the same OID may be another table by then", () => {
    const tables = new AttachedTables();
    tables.without(attached("1", false));
    tables.without({ flawed: [], unlisted: [] });
    expect(tables.without(attached("1", true)).flawed).toHaveLength(1);
  });

  it("leave every other flaw in the facts", () => {
    const facts = { flawed: [member({ flaw: "unlogged", hasRows: false })], unlisted: [] };
    expect(new AttachedTables().without(facts)).toEqual(facts);
  });
});
