import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { BackfillTable } from "../../../src/postgres/backfill/backfill-table.ts";
import { candidatesQuery, countQuery } from "../../../src/postgres/backfill/candidate-query.ts";
import { xidRange } from "../../../src/postgres/backfill/xid-range.ts";
import { isShardFilter, shardBounds, shardCondition } from "../../../src/postgres/shard-filter.ts";
import { MODEL_OUTBOX } from "../../support/model/model-relay.ts";

const anyCount = fc.integer({ min: 2, max: 32 });

function has({ from, below }: ReturnType<typeof shardBounds>, hash: string): boolean {
  return (from === null || hash >= from) && (below === null || hash < below);
}

function shardsWith(hash: string, count: number): number[] {
  return Array.from({ length: count }, (_, index) => index).filter((index) =>
    has(shardBounds({ index, count }), hash),
  );
}

describe("the bounds of shards", () => {
  it("leave no hash to two shards and none to nobody", () => {
    fc.assert(
      fc.property(anyCount, fc.string(), (count, key) => {
        const hash = createHash("md5").update(key).digest("hex");
        expect(shardsWith(hash, count)).toHaveLength(1);
      }),
    );
  });

  it("are the same where one shard ends and the next begins, and open at both ends", () => {
    fc.assert(
      fc.property(anyCount, (count) => {
        const all = Array.from({ length: count }, (_, index) => shardBounds({ index, count }));
        expect(all[0]?.from).toBeNull();
        expect(all.at(-1)?.below).toBeNull();
        const below = all.slice(0, -1).map((bounds) => bounds.below);
        expect(all.slice(1).map((bounds) => bounds.from)).toEqual(below);
        for (const [at, bound] of below.entries()) {
          expect((bound ?? "") > (below[at - 1] ?? "")).toBe(true);
        }
      }),
    );
  });

  it("give a hash that begins with a bound to the upper shard, and a missing key to the first", () => {
    expect(shardBounds({ index: 1, count: 3 })).toEqual({ from: "55555556", below: "aaaaaaab" });
    expect(shardsWith(`55555556${"0".repeat(24)}`, 3)).toEqual([1]);
    expect(shardsWith(`55555555${"f".repeat(24)}`, 3)).toEqual([0]);
    expect(shardsWith("", 3)).toEqual([0]);
  });

  it("must not change: every slot and checkpoint of a running division counts on them", () => {
    expect(shardCondition({ index: 1, count: 3 }, "aggregateid", "text")).toBe(
      `(COALESCE(md5("aggregateid"), '') COLLATE "C" >= '55555556') AND (COALESCE(md5("aggregateid"), '') COLLATE "C" < 'aaaaaaab')`,
    );
    expect(shardCondition({ index: 0, count: 2 }, "k", "uuid")).toBe(
      `(COALESCE(md5(uuid_send("k")), '') COLLATE "C" < '80000000')`,
    );
  });
});

describe("a filter as the catalog has it", () => {
  const upper = `((COALESCE(md5(aggregateid), ''::text) COLLATE "C") >= '80000000'::text)`;

  it("is told by what it means, not by how it is written", () => {
    const shard = { index: 1, count: 2 };
    expect(isShardFilter(upper, shard, "aggregateid", "text")).toBe(true);
    const varchar = upper.replace("md5(aggregateid)", "md5((aggregateid)::text)");
    expect(isShardFilter(varchar, shard, "aggregateid", "varchar")).toBe(true);
    const quoted = upper.replace("aggregateid", '"aggregateId"');
    expect(isShardFilter(quoted, shard, "aggregateId", "text")).toBe(true);
  });

  it.each([
    ["of another shard", { index: 0, count: 2 }, "aggregateid", "text"],
    ["of another number", { index: 1, count: 3 }, "aggregateid", "text"],
    ["of another column", { index: 1, count: 2 }, "aggregateId", "text"],
    ["of another type", { index: 1, count: 2 }, "aggregateid", "uuid"],
    ["of a type that cannot be digested", { index: 1, count: 2 }, "aggregateid", "numeric"],
  ])("is not taken for one %s", (_, shard, column, type) => {
    expect(isShardFilter(upper, shard, column, type)).toBe(false);
  });
});

describe("a backfill of a shard", () => {
  const table = (type: string): BackfillTable => ({
    schema: "public",
    name: "outbox",
    oid: 1,
    without: [],
    columns: [{ name: "aggregateid", type, typeOid: 25 }],
    hasTxid: true,
    hasCreatedAt: true,
    hasWriteOrder: true,
  });
  const shard = { index: 1, count: 2 };
  const condition = shardCondition(shard, "aggregateid", "text") as string;
  const NOW = "9:12:";
  const NO_FILTERS: ReadonlyMap<string, string> = new Map();

  it("looks at the rows that the filter lets through, and at those only", () => {
    const since = { snapshot: "7:9:8", lsn: 0n as never, atMs: 0 };
    for (const scope of [
      {
        xids: xidRange(null, NOW),
        made: null,
        shard,
        columns: MODEL_OUTBOX.columns,
        filters: NO_FILTERS,
      },
      {
        xids: xidRange(since, NOW),
        made: null,
        shard,
        columns: MODEL_OUTBOX.columns,
        filters: NO_FILTERS,
      },
    ]) {
      expect(candidatesQuery([table("text"), table("text")], scope).split(condition)).toHaveLength(
        3,
      );
      expect(countQuery([table("text")], scope)).toContain(condition);
    }
    const whole = {
      xids: xidRange(null, NOW),
      made: null,
      shard: null,
      columns: MODEL_OUTBOX.columns,
      filters: NO_FILTERS,
    };
    expect(candidatesQuery([table("text")], whole)).not.toContain("where");
  });

  it("refuses a key that it cannot divide by, rather than to publish another shard's rows", () => {
    const scope = {
      xids: xidRange(null, NOW),
      made: null,
      shard,
      columns: MODEL_OUTBOX.columns,
      filters: NO_FILTERS,
    };
    expect(() => countQuery([table("numeric")], scope)).toThrow("RELAY_COLUMN_KEY");
  });
});
