import { describe, expect, it } from "@jest/globals";
import type { TreeMember } from "../../../../src/postgres/preflight/tree-facts.ts";
import { treeFindings } from "../../../../src/postgres/preflight/tree-findings.ts";
import type { Finding } from "../../../../src/relay/finding.ts";
import { member } from "./tree-member.ts";

const REFUSE = { rowFilter: "refuse", shard: null } as const;
const ALLOW = { rowFilter: "allow", shard: null } as const;

function findings(...flawed: readonly TreeMember[]): Finding[] {
  return treeFindings({ flawed, unlisted: [] }, ["p"], REFUSE);
}

describe("findings below the outbox tables", () => {
  it("name a few of many tables in one message, and repair all of them", () => {
    const many = Array.from({ length: 500 }, (_, at) => member({ name: `outbox_${at}` }));
    const [finding, ...others] = findings(...many);
    expect(others).toEqual([]);
    expect(finding?.message).toContain(
      "public.outbox_4 and 495 more, parts of public.outbox, are unlogged",
    );
    expect(finding?.sql).toHaveLength(500);
    expect(finding?.hint.length).toBeLessThan(1_000);
  });

  it("keep flaws and outbox tables apart", () => {
    const other = { schema: "public", name: "orders" };
    const found = findings(member(), member({ flaw: "foreign" }), member({ root: other }));
    expect(found.map(({ code }) => code)).toEqual(["CONFIG_TABLE", "CONFIG_TABLE", "CONFIG_TABLE"]);
  });

  it("say how rows of a foreign table get into the outbox, without a txid that was given before", () => {
    const target = { columns: ["id", '"Payload"'], isOverriding: true };
    const [finding] = findings(member({ flaw: "foreign", target }), member({ flaw: "foreign" }));
    expect(finding?.hint).toContain(
      'INSERT INTO public.outbox (id, "Payload") OVERRIDING SYSTEM VALUE SELECT id, "Payload" FROM public.outbox_1 ON CONFLICT DO NOTHING; The others likewise. Make a partition for them first.',
    );
    expect(finding?.sql).toHaveLength(2);
    const [passing] = findings(member({ flaw: "temporary", isPartition: false }));
    expect(passing?.hint).toMatch(/in that session, before it ends.*NOTHING;$/);
  });

  it("add a child to the publication that has its parent, with its parent's row filter", () => {
    const listing = { publication: "Other", rowFilter: "(a = 1)" };
    const [finding] = findings(member({ flaw: "unpublished", isPartition: false, listing }));
    expect(finding).toMatchObject({ code: "CONFIG_PUBLICATION", severity: "halt" });
    expect(finding?.sql).toEqual([
      'ALTER PUBLICATION "Other" ADD TABLE ONLY public.outbox_1 WHERE ((a = 1));',
    ]);
  });

  it("let a child have another row filter only where row filters are allowed and keys are not divided", () => {
    const tree = { flawed: [member({ flaw: "published-otherwise" })], unlisted: [] };
    const shard = { index: 0, count: 2 };
    expect(treeFindings(tree, ["p"], REFUSE)).toMatchObject([{ severity: "halt" }]);
    expect(treeFindings(tree, ["p"], ALLOW)).toEqual([]);
    expect(treeFindings(tree, ["p"], { ...ALLOW, shard })).toMatchObject([{ severity: "halt" }]);
  });

  it("warn of tables that a publication names and RELAY_TABLES does not", () => {
    const unlisted = [{ oid: "7", schema: "public", name: "other", publication: "p" }];
    expect(treeFindings({ flawed: [], unlisted }, ["p"], REFUSE)).toMatchObject([
      {
        code: "TABLE_UNLISTED",
        severity: "warning",
        message: expect.stringContaining("public.other"),
      },
    ]);
  });
});
