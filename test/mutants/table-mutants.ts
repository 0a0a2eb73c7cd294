import type { Mutant } from "./mutant.ts";

/** Which rows are the outbox's, and what their columns hold. */
export const TABLE_MUTANTS: readonly Mutant[] = [
  {
    name: "take a domain by its own OID",
    harm: "a payload of a domain over bytea arrives as hexadecimal text",
    file: "src/relay/decode/user-types.ts",
    edits: [{ find: "this.#baseOids.get(oid) ?? oid", replace: "oid" }],
    caughtBy: { unit: "test/unit/relay/event" },
  },
  {
    name: "take a user type by its bare name",
    harm: "a user type that is called bytea is read as bytes",
    file: "src/relay/decode/user-types.ts",
    edits: [{ find: "namespace === BUILT_IN", replace: "namespace !== null" }],
    caughtBy: { unit: "test/unit/relay/event" },
  },
];
