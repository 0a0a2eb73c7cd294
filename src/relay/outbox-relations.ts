import type {
  AskedRelation,
  CatalogAnswer,
  CatalogLookup,
  RelationQuestion,
} from "./capture/catalog-lookup.ts";
import type { Relation } from "./decode/relation.ts";
import { HeaderMemory } from "./event/header-memory.ts";
import { hasRequiredColumns } from "./event/outbox-table.ts";
import type { OutboxOptions, RowQuestion } from "./intake.ts";
import type { Lsn } from "./lsn.ts";
import { LSN_ZERO } from "./lsn.ts";
import { RelationMemory } from "./relation-memory.ts";
import { otherCluster } from "./settle/continuity-faults.ts";
import type { KnownTables, TableDecision } from "./settle/known-tables.ts";
import type { Standing } from "./standing.ts";
import { PASSED } from "./standing.ts";
import type { Watermark } from "./watermark.ts";

export interface Watermarked {
  /** The newest watermark whose transactions all committed below a position; null where there is none. */
  watermark(below: Lsn): Watermark | null;
}

/**
 * Decides whose rows are ours. A name does not tell: a table is renamed and back while its rows wait in the WAL, and
 * INHERITS children have names of their own. So a relation is ours by its name at the time of the row, or by its OID: that
 * of an outbox table or of a table below one, now or when a checkpoint was written.
 *
 * Invariants: the catalog is asked for a relation after its row was read, so the answer is of a later time than the row.
 * What the answer cannot explain is `unknown`, and a person decides.
 */
export class OutboxRelations {
  readonly headers: HeaderMemory;
  readonly #lookup: CatalogLookup;
  readonly #options: OutboxOptions;
  readonly #signal: AbortSignal;
  readonly #reached: Watermarked;
  readonly #memory = new RelationMemory();
  #systemId = "";
  #decisions: readonly TableDecision[] = [];
  #stamped: readonly string[] = [];
  #isBroad = false;
  #lookedLsn: Lsn = LSN_ZERO;
  #answer: { readonly oid: number; readonly asked: AskedRelation } | null = null;

  /** `signal`: ends questions with the session. */
  constructor(
    lookup: CatalogLookup,
    options: OutboxOptions,
    signal: AbortSignal,
    reached: Watermarked,
  ) {
    this.#lookup = lookup;
    this.#options = options;
    this.headers = new HeaderMemory(options.columns.headers);
    this.#signal = signal;
    this.#reached = reached;
  }

  /** At the session's start: `known` is what the checkpoint remembers. Rejects with RelayError. */
  async load(systemId: string, known: KnownTables | null): Promise<void> {
    this.#systemId = systemId;
    this.#decisions = known?.decisions ?? [];
    if (known !== null) {
      this.#memory.recall(known);
      this.headers.recall(known.headers ?? new Map());
    }
    this.#learn(await this.#look(null));
  }

  /** So that `standing` can tell. Rejects with RelayError. */
  async ask({ oid, transaction: { xid, commitLsn } }: RowQuestion): Promise<void> {
    const snapshot = this.#reached.watermark(commitLsn)?.snapshot ?? null;
    const catalog = await this.#look({ oid, xid, snapshot });
    this.#learn(catalog);
    if (catalog.asked !== null) this.#answer = { oid, asked: catalog.asked };
  }

  /** What rows of `relation` are in a transaction that was committed at `commitLsn`; null: the catalog has to be asked. */
  standing(relation: Relation, commitLsn: Lsn): Standing | null {
    const name = `${relation.schema}.${relation.name}`;
    if (this.#options.tables.includes(name)) return this.#ours(name, null);
    const answer = this.#answer?.oid === relation.oid ? this.#answer.asked : null;
    // It explains the rows up to now: a later version of the table is another question.
    this.#answer = null;
    const isLookLater = answer !== null || commitLsn < this.#lookedLsn;
    const known = this.#memory.find(relation.oid, commitLsn, isLookLater);
    if (known !== null) return this.#ours(known.outbox ?? name, known.until, !known.isRoot);
    if (answer === null) return null;
    const decision = this.#decisions.find(
      ({ table, until }) => table === name && commitLsn < until,
    );
    if (decision !== undefined) return this.#decided(name, decision);
    return this.#explained(relation, answer);
  }

  /** For the next checkpoint, which covers all below `covered`. */
  known(covered: Lsn): KnownTables | null {
    if (this.#lookedLsn === LSN_ZERO) return null;
    const decisions = this.#decisions.filter(({ until }) => until > covered);
    const roots = this.#memory.rootsAt(covered);
    const { since: headers } = this.headers;
    return { roots, children: this.#memory.children(covered), decisions, headers };
  }

  #look(relation: RelationQuestion | null): Promise<CatalogAnswer> {
    const { tables } = this.#options;
    const roots = new Map([...this.#memory.roots].filter(([name]) => tables.includes(name)));
    return this.#lookup.catalog({ relation, roots }, this.#signal);
  }

  #learn(catalog: CatalogAnswer): void {
    if (catalog.systemId !== this.#systemId) throw otherCluster(catalog.systemId, this.#systemId);
    this.#memory.seen(catalog.tree, catalog.lsn);
    for (const table of catalog.headed) this.headers.there(table, catalog.lsn);
    this.#stamped = catalog.stamped;
    this.#isBroad = catalog.isBroad;
    this.#lookedLsn = catalog.lsn;
  }

  #ours(outbox: string, until: Lsn | null, isOfChild = false): Standing {
    return { kind: "ours", outbox, isStamped: this.#stamped.includes(outbox), isOfChild, until };
  }

  #decided(name: string, { publish, until }: TableDecision): Standing {
    if (publish) return this.#ours(name, until);
    return { kind: "passed", isNamed: true, isCounted: true, until };
  }

  /** Of a relation that is none of ours now. */
  #explained(
    relation: Relation,
    { exists, isNamed, isTakenIn, mayHaveHeld }: AskedRelation,
  ): Standing {
    const became = this.#memory.becameOutbox(relation.oid);
    if (became !== null) return { kind: "unknown", reason: `it is ${became} only since then` };
    const was = exists ? this.#memory.wasOutbox(relation.oid) : null;
    if (was !== null) return { kind: "replaced", outbox: was };
    const isLikeOutbox = hasRequiredColumns(relation, this.#options.columns);
    if (exists && mayHaveHeld !== null && isLikeOutbox) {
      const reason = `${mayHaveHeld} may have been a partition of it when they were written`;
      return { kind: "unknown", reason, held: mayHaveHeld };
    }
    if (exists && isNamed) return { ...PASSED, isNamed: true };
    if (exists && isTakenIn) return PASSED;
    // Of a whole schema or database most tables are no outbox, and a child has the columns of its outbox table.
    if (this.#isBroad && !isLikeOutbox) return PASSED;
    const reason = exists ? "no publication has it any more" : "it does not exist any more";
    return { kind: "unknown", reason };
  }
}
