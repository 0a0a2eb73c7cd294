import type {
  AskedRelation,
  CatalogAnswer,
  CatalogQuestion,
} from "../../../src/relay/capture/catalog-lookup.ts";
import type { Lsn } from "../../../src/relay/lsn.ts";

/** A table as it stands when a row is written, and as the RELATION in front of the row names it. */
export interface TableVersion {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

interface ModelTable extends TableVersion {
  readonly parent: number | null;
  /** Whether the publication lists it by name. */
  readonly isListed: boolean;
  /** The outbox table that may have been a partition of it; null where the catalog rules it out. */
  readonly mayHaveHeld: string | null;
}

export const MODEL_TABLE_OID = 4711;
const OUTBOX = "public.outbox";

/** pg_class, pg_inherits and the publication's list, as far as the relay asks for them. */
export class ModelCatalog {
  readonly #tables = new Map<number, ModelTable>();
  /** FOR ALL TABLES. */
  isForAllTables = false;
  /** Whether the outbox table has the headers column. */
  hasHeaders = false;
  #oids = MODEL_TABLE_OID;

  constructor() {
    this.#tables.set(MODEL_TABLE_OID, {
      oid: MODEL_TABLE_OID,
      schema: "public",
      name: "outbox",
      parent: null,
      isListed: true,
      mayHaveHeld: null,
    });
  }

  /** The table now; throws for one that was dropped. */
  version(oid: number = MODEL_TABLE_OID): TableVersion {
    const { schema, name } = this.#table(oid);
    return { oid, schema, name };
  }

  /** CREATE TABLE, and its OID. */
  create(
    name: string,
    options: Partial<Pick<ModelTable, "parent" | "isListed" | "mayHaveHeld">> = {},
  ): number {
    const { parent = null, isListed = true, mayHaveHeld = null } = options;
    this.#oids += 1;
    const table = { oid: this.#oids, schema: "public", name, parent, isListed, mayHaveHeld };
    this.#tables.set(this.#oids, table);
    return this.#oids;
  }

  /** ALTER TABLE: rename, set schema, inherit, no inherit, or what the publication says of it. */
  alter(oid: number, change: Partial<Omit<ModelTable, "oid">>): void {
    this.#tables.set(oid, { ...this.#table(oid), ...change });
  }

  drop(oid: number): void {
    this.#tables.delete(oid);
  }

  look({ relation, roots }: CatalogQuestion, systemId: string, lsn: Lsn): CatalogAnswer {
    const tables = [...this.#tables.values()];
    const named = tables.find((table) => nameOf(table) === OUTBOX)?.oid;
    const root = named ?? roots.get(OUTBOX);
    const tree = tables
      .filter((table) => this.#isBelow(table, root))
      .map((table) => ({
        oid: table.oid,
        outbox: OUTBOX,
        isRoot: table.oid === root,
        isPartition: false,
      }));
    const asked = relation === null ? null : this.#asked(relation.oid);
    const headed = this.hasHeaders ? [OUTBOX] : [];
    return { systemId, lsn, tree, stamped: [], headed, isBroad: this.isForAllTables, asked };
  }

  #asked(oid: number): AskedRelation {
    const table = this.#tables.get(oid);
    if (table === undefined)
      return { exists: false, isNamed: false, isTakenIn: false, mayHaveHeld: null };
    const { isListed: isNamed, mayHaveHeld } = table;
    return { exists: true, isNamed, isTakenIn: this.isForAllTables, mayHaveHeld };
  }

  #isBelow({ oid, parent }: ModelTable, root: number | undefined): boolean {
    if (oid === root) return true;
    const above = parent === null ? undefined : this.#tables.get(parent);
    return above !== undefined && this.#isBelow(above, root);
  }

  #table(oid: number): ModelTable {
    const table = this.#tables.get(oid);
    if (table === undefined) throw new RangeError(`table ${oid} does not exist`);
    return table;
  }
}

function nameOf({ schema, name }: TableVersion): string {
  return `${schema}.${name}`;
}
