import type { Overlooked, TreePart } from "../relay/capture/tree.ts";
import { RelayError } from "../relay/errors.ts";
import type { Ask } from "./preflight/read-facts.ts";
import type { TableName } from "./table-name.ts";
import { quotedTableName } from "./table-name.ts";

/** From here on a server decides again whether a table's rows come when the table is changed. */
const VERSION_THAT_LOOKS_AGAIN = 150000;

type LatePart = Pick<TreePart, "key" | "link" | "hasRows">;

interface PartitionRow extends TableName {
  readonly key: string;
  /** A session may read it by its own name, and all of it. */
  readonly isOpen: boolean;
  /** OIDs of the table itself and of those below it. */
  readonly leaves: readonly string[];
}

/** A child by INHERITS is in the publication by its own name, and a change of a publication has everything decided again. */
const PARTITIONS = `
  select c.oid::text as "key", n.nspname::text as "schema", c.relname::text as "name",
         has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
           and not row_security_active(c.oid) as "isOpen",
         array(select t.relid::oid::text from pg_partition_tree(c.oid) t) as "leaves"
    from unnest($1::oid[]) as late (oid) join pg_class c on c.oid = late.oid and c.relispartition
    join pg_namespace n on n.oid = c.relnamespace`;

/**
 * Tells which tables that were attached below an outbox table Postgres 14 leaves out of the stream. A walsender of that version decides
 * once whether a table's rows come: at the first change of it that it reads, also one from before the table was attached.
 */
export class OverlookedParts {
  /** Of the parts that were there at the last reading. */
  #known: ReadonlyMap<string, Overlooked> = new Map();

  /** `late`: tables that became a part after they were created; `tables`: the outbox tables. */
  async of(
    ask: Ask,
    version: number,
    late: readonly LatePart[],
    tables: readonly TableName[],
  ): Promise<ReadonlyMap<string, Overlooked>> {
    if (version >= VERSION_THAT_LOOKS_AGAIN) return this.#known;
    const fresh = late.filter(({ key }) => !this.#known.has(key));
    const found = new Map(late.map(({ key }) => [key, this.#known.get(key) ?? "no"] as const));
    if (fresh.length > 0) {
      for (const partition of await ask<PartitionRow>(PARTITIONS, [fresh.map(({ key }) => key)])) {
        const part = fresh.find(({ key }) => key === partition.key);
        if (part === undefined) continue;
        const mayHold = part.hasRows && (await mayHoldFormer(ask, partition, part, tables));
        found.set(part.key, mayHold ? "already" : "later");
      }
    }
    this.#known = found;
    return found;
  }
}

/** So much of a table is looked at. What was there before the link stands first, and a whole table may take minutes. */
const BLOCKS_LOOKED_AT = 1_000;

/**
 * Whether it holds rows that are no newer than the link to the table above it. A transaction takes its id before it writes, so that
 * this is no proof; true as well where this role may not look, and of a table of which only the beginning is looked at.
 */
async function mayHoldFormer(
  ask: Ask,
  { isOpen, leaves, ...table }: PartitionRow,
  { link }: LatePart,
  tables: readonly TableName[],
): Promise<boolean> {
  const from = isOpen ? [table] : tables;
  for (const one of from) {
    const first = `tableoid = any($1::oid[]) and ctid < '(${BLOCKS_LOOKED_AT},0)'::tid`;
    try {
      const [row] = await ask<{ held: boolean }>(
        `select exists (select from ${quotedTableName(one)} where ${first} and age(xmin) >= age($2::xid))
             or exists (select from unnest($1::oid[]) as leaf (oid) where pg_relation_size(leaf.oid)
                  > ${BLOCKS_LOOKED_AT}::bigint * current_setting('block_size')::int) as "held"`,
        [leaves, link.split(".")[0] ?? link],
      );
      if (row?.held !== false) return true;
    } catch (error) {
      if (error instanceof RelayError && error.code === "POSTGRES_PERMISSION") return true;
      throw error;
    }
  }
  return false;
}
