import { describe, expect, it } from "@jest/globals";
import type { QueryResultRow } from "pg";
import type { TableFacts } from "../../../src/postgres/preflight/facts.ts";
import type { Ask } from "../../../src/postgres/preflight/read-facts.ts";
import { readShards } from "../../../src/postgres/preflight/shard-facts.ts";
import { shardFindings } from "../../../src/postgres/preflight/shard-findings.ts";
import { RelayError } from "../../../src/relay/errors.ts";

const NAMES = { shard: { index: 0, count: 2 }, slot: "a_s0of2", publication: "p_s0of2" };
const COLUMNS = { id: "i", key: "k", route: "r", type: "t", payload: "p", headers: "h" };
const TABLE: TableFacts = {
  ...{ schema: "public", name: "outbox", oid: "1", kind: "r", persistence: "p" },
  partitionKey: [],
  isStamped: true,
  columns: [
    {
      name: "k",
      type: "text",
      typeName: "text",
      baseType: "text",
      category: "S",
      isNeverPublished: false,
    },
  ],
};

/** A server that answers nothing, and fails at the hash with `code`. */
function failing(code: Uppercase<string>): Ask {
  return <R extends QueryResultRow>(text: string): Promise<R[]> => {
    if (!text.includes("md5('')")) return Promise.resolve([]);
    const details = { code, remedy: "halt", hint: "-" } as const;
    return Promise.reject(new RelayError("SQLSTATE XX000", details));
  };
}

describe("a server that cannot take an MD5", () => {
  it("halts a shard, before decoding fails at the first row", async () => {
    const facts = await readShards(failing("POSTGRES_ERROR"), NAMES, [TABLE]);
    const findings = shardFindings(NAMES.shard, 180000, facts, [TABLE], COLUMNS);
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      "halt CONFIG_SHARD",
      "warning SHARD_MISSING",
    ]);
    expect(findings[0]?.message).toContain("SQLSTATE XX000");
  });

  it("is not taken for one whose connection was lost", async () => {
    const reading = readShards(failing("POSTGRES_UNAVAILABLE"), NAMES, [TABLE]);
    await expect(reading).rejects.toMatchObject({ code: "POSTGRES_UNAVAILABLE" });
  });

  it("is of no concern to a relay without a shard", async () => {
    const whole = { ...NAMES, shard: null };
    const facts = await readShards(failing("POSTGRES_ERROR"), whole, [TABLE]);
    expect(shardFindings(null, 140000, facts, [TABLE], COLUMNS)).toEqual([]);
  });
});
