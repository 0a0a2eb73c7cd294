import type { TreeFacts } from "./tree-facts.ts";

/**
 * Remembers which tables were empty when they were first seen attached: rows that come later are in the stream. Holds only
 * tables of the last reading.
 */
export class AttachedTables {
  #empty: ReadonlySet<string> = new Set();

  /** The facts without the tables that held nothing when they were attached. */
  without(facts: TreeFacts): TreeFacts {
    const attached = facts.flawed.filter(({ flaw }) => flaw === "attached");
    this.#empty = new Set(
      attached.filter(({ oid, hasRows }) => !hasRows || this.#empty.has(oid)).map(({ oid }) => oid),
    );
    const flawed = facts.flawed.filter(
      ({ flaw, oid }) => flaw !== "attached" || !this.#empty.has(oid),
    );
    return { ...facts, flawed };
  }
}
