import type { TreeRelation } from "./capture/catalog-lookup.ts";
import type { Lsn } from "./lsn.ts";
import { LSN_ZERO } from "./lsn.ts";
import type { KnownTables } from "./settle/known-tables.ts";
import { REMEMBERED_MAX } from "./settle/known-tables.ts";

interface Remembered {
  /** `schema.name`; null for one that only a checkpoint remembers. */
  readonly outbox: string | null;
  readonly isRoot: boolean;
  readonly isPartition: boolean;
  /** Rows committed from here on are ours: later than 0 for a table that took the place of another one. */
  readonly since: Lsn;
  /** Rows committed from here on are not: it was seen outside by then. Null while it is inside. */
  readonly until: Lsn | null;
}

/** Why a relation is ours: below which outbox table it is, where that is known, and for which transactions. */
export type Known = Pick<Remembered, "outbox" | "isRoot" | "until">;

/** Which relations are or were outbox tables or below one, and for which part of the WAL. */
export class RelationMemory {
  readonly #byOid = new Map<number, Remembered>();
  /** Whether a checkpoint or a former look told which outbox tables there were. */
  #isFilled = false;

  /** What a checkpoint remembers. */
  recall({ roots, children }: Pick<KnownTables, "roots" | "children">): void {
    const former = { isPartition: false, since: LSN_ZERO, until: null };
    for (const oid of children) this.#byOid.set(oid, { ...former, isRoot: false, outbox: null });
    for (const [outbox, oid] of roots) this.#byOid.set(oid, { ...former, isRoot: true, outbox });
    this.#isFilled = roots.size > 0;
  }

  /** A look at the catalog. `lsn`: a position from after it. */
  seen(tree: readonly TreeRelation[], lsn: Lsn): void {
    const inside = new Set(tree.map(({ oid }) => oid));
    for (const [oid, entry] of this.#byOid) {
      if (!inside.has(oid)) this.#byOid.set(oid, { ...entry, until: entry.until ?? lsn });
    }
    for (const { oid, ...facts } of tree) {
      const isNew = facts.isRoot && this.#isFilled && !this.#byOid.has(oid);
      const since = isNew ? lsn : (this.#byOid.get(oid)?.since ?? LSN_ZERO);
      this.#byOid.set(oid, { ...facts, since, until: null });
    }
    this.#isFilled = true;
  }

  /** What makes rows of the relation ours in a transaction committed at `commitLsn`; `isLookLater`: than that. */
  find(oid: number, commitLsn: Lsn, isLookLater: boolean): Known | null {
    const entry = this.#byOid.get(oid);
    if (entry === undefined || commitLsn < entry.since) return null;
    if (entry.until !== null) return commitLsn < entry.until ? entry : null;
    return isLookLater ? entry : null;
  }

  /** The outbox table that the relation is now, if it was none at the last checkpoint. */
  becameOutbox(oid: number): string | null {
    const entry = this.#byOid.get(oid);
    return entry !== undefined && entry.since > LSN_ZERO && entry.until === null
      ? entry.outbox
      : null;
  }

  /** The outbox table that the relation was before another one took its name. */
  wasOutbox(oid: number): string | null {
    const entry = this.#byOid.get(oid);
    return entry !== undefined && entry.isRoot && entry.until !== null ? entry.outbox : null;
  }

  /** OIDs of the outbox tables in force, by `schema.name`. */
  get roots(): ReadonlyMap<string, number> {
    return this.#roots(({ until }) => until === null);
  }

  /**
   * For a checkpoint that covers all below `covered`: those that were in force there. One that took its place later is learned
   * again; one that had it until later still has rows to come, which the next session could not tell from another table's.
   */
  rootsAt(covered: Lsn): ReadonlyMap<string, number> {
    return this.#roots(({ since, until }) => since <= covered && (until ?? covered + 1n) > covered);
  }

  #roots(counts: (entry: Remembered) => boolean): ReadonlyMap<string, number> {
    const roots = new Map<string, number>();
    for (const [oid, entry] of this.#byOid) {
      if (entry.isRoot && entry.outbox !== null && counts(entry)) roots.set(entry.outbox, oid);
    }
    return roots;
  }

  /** For a checkpoint that covers all below `covered`: those that were made last. Rows of partitions come under their root. */
  children(covered: Lsn): number[] {
    const isChild = ([, { isRoot, isPartition, until }]: [number, Remembered]): boolean =>
      !isRoot && !isPartition && (until === null || until > covered);
    const oids = [...this.#byOid].filter(isChild).map(([oid]) => oid);
    return oids.toSorted((a, b) => b - a).splice(0, REMEMBERED_MAX);
  }
}
