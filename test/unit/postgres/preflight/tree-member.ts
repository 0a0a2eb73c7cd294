import type { TreeMember } from "../../../../src/postgres/preflight/tree-facts.ts";

/** A partition `public.outbox_1` of `public.outbox`, but for what is given. */
export function member(given: Partial<TreeMember> = {}): TreeMember {
  const outbox = { schema: "public", name: "outbox" };
  return {
    oid: "1",
    schema: "public",
    name: "outbox_1",
    root: outbox,
    parent: outbox,
    isPartition: true,
    flaw: "unlogged",
    listing: { publication: "p", rowFilter: null },
    target: { columns: ["id", "payload"], isOverriding: false },
    ...given,
  };
}
