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

  async #partitions(ask: Ask, fresh: readonly LatePart[]): Promise<readonly Partition[]> {
    const rows = await ask<PartitionRow>(PARTITIONS, [fresh.map(({ key }) => key)]);
    return rows.flatMap((row) =>
      fresh.filter(({ key }) => key === row.key).map((part) => ({ ...part, ...row })),
    );
  }

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
    const partitions = fresh.length === 0 ? [] : await this.#partitions(ask, fresh);
    const held = await holdFormer(
      ask,
      partitions.filter(({ hasRows }) => hasRows),
      tables,
    );
    for (const { key } of partitions) found.set(key, held.has(key) ? "already" : "later");
    this.#known = found;
    return found;
  }
}

interface Partition extends PartitionRow, LatePart {}

/** So much of a table is looked at. What was there before the link stands first, and a whole table may take minutes. */
const BLOCKS_LOOKED_AT = 1_000;

/** Keys of the parts ($1) with a leaf ($2) that is larger than what is looked at. */
const LARGE = `
  select distinct key from unnest($1::text[], $2::oid[]) as part (key, leaf)
   where pg_relation_size(leaf) > ${BLOCKS_LOOKED_AT}::bigint * current_setting('block_size')::int`;

/** Keys of the parts that hold rows in `table` no newer than the link ($3). */
function oldest(table: TableName): string {
  return `
  with seen as (
    select tableoid, max(age(xmin)) as age from ${quotedTableName(table)}
     where tableoid = any($2::oid[]) and ctid < '(${BLOCKS_LOOKED_AT},0)'::tid group by tableoid)
  select distinct part.key from unnest($1::text[], $2::oid[], $3::text[]) as part (key, leaf, link)
    join seen on seen.tableoid = part.leaf and seen.age >= age(part.link::xid)`;
}

/**
 * Keys of the parts that hold rows no newer than the link to the table above. A transaction takes its id before it writes, so that
 * this is no proof; in it as well are those that this role may not look at, that are larger than what is looked at, and all where
 * looking takes longer than a question may.
 */
async function holdFormer(
  ask: Ask,
  parts: readonly Partition[],
  tables: readonly TableName[],
): Promise<ReadonlySet<string>> {
  const open = parts.filter(({ isOpen }) => isOpen);
  const closed = parts.filter(({ isOpen }) => !isOpen);
  const held = new Set(await keys(ask, LARGE, parts, 2));
  for (const part of open)
    for (const key of await keys(ask, oldest(part), [part], 3)) held.add(key);
  for (const table of tables)
    for (const key of await keys(ask, oldest(table), closed, 3)) held.add(key);
  return held;
}

/** All of `parts` where the question is not answered. */
async function keys(
  ask: Ask,
  query: string,
  parts: readonly Partition[],
  parameters: number,
): Promise<readonly string[]> {
  if (parts.length === 0) return [];
  const leaves = parts.flatMap(({ key, leaves, link }) =>
    leaves.map((leaf) => [key, leaf, link.split(".")[0] ?? link] as const),
  );
  const columns = [0, 1, 2].map((column) => leaves.map((leaf) => leaf[column]));
  try {
    const rows = await ask<{ key: string }>(query, columns.splice(0, parameters));
    return rows.map(({ key }) => key);
  } catch (error) {
    if (!(error instanceof RelayError) || !UNANSWERED.has(error.code)) throw error;
    return parts.map(({ key }) => key);
  }
}

const UNANSWERED: ReadonlySet<string> = new Set(["POSTGRES_PERMISSION", "POSTGRES_TIMEOUT"]);
