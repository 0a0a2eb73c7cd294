import { WRITE_ORDER } from "./backfill/repair-facts.ts";
import type { MigrationFile, MigrationTarget } from "./migration-file.ts";
import { qualifiedTable } from "./migration-file.ts";
import type { Migrator } from "./migrator.ts";
import { recordName } from "./migrator.ts";
import { isShardFilter } from "./shard-filter.ts";

export interface MigrationState {
  readonly version: number;
  readonly name: string;
  readonly state: "applied" | "pending" | "changed";
  /** ISO 8601; null while pending. */
  readonly appliedAt: string | null;
}

/** What the files say and what the catalogs say; either way of applying the files ends in the same catalogs. */
export interface MigrationStatus {
  readonly migrations: readonly MigrationState[];
  readonly table: { readonly name: string; readonly exists: boolean };
  readonly missingColumns: readonly string[];
  /** Whether the table has the column that numbers its rows as they are written; the relay does without. */
  readonly hasWriteOrder: boolean;
  /** What a column of that name lacks to do so; null where there is none, or nothing is wrong with it. */
  readonly writeOrderFault: string | null;
  readonly publication: {
    readonly name: string;
    readonly exists: boolean;
    readonly publishesInsert: boolean;
    readonly hasTable: boolean;
    /** Whether it lets exactly the shard's rows through; true where all are wanted. */
    readonly hasRows: boolean;
  };
  /** Whether table, columns and publication are there, no matter who made them. */
  readonly isReady: boolean;
}

const REQUIRED_COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"];

interface Reality {
  readonly columns: readonly string[] | null;
  readonly publishesInsert: boolean | null;
  readonly hasTable: boolean;
  readonly rowFilter: string | null;
  readonly keyType: string | null;
  readonly writeOrder: WriteOrder | null;
}

interface WriteOrder {
  /** As SQL writes it. */
  readonly type: string;
  readonly hasDefault: boolean;
  /** Filled by a sequence, as a default or an identity. */
  readonly isCounted: boolean;
}

/** Without `pg_get_expr`, which waits for a lock of the table from 17 on: a migration must not, and says MIGRATION_LOCKED. */
const REALITY = `
  select (select array_agg(a.attname::text) from pg_attribute a
           where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped) as "columns",
         (select p.pubinsert from pg_publication p where p.pubname = $2) as "publishesInsert",
         exists (select from pg_publication_tables t
                  where t.pubname = $2 and t.schemaname = $3 and t.tablename = $4) as "hasTable",
         (select to_jsonb(t) ->> 'rowfilter' from pg_publication_tables t
           where t.pubname = $2 and t.schemaname = $3 and t.tablename = $4) as "rowFilter",
         (select t.typname::text from pg_attribute a join pg_type t on t.oid = a.atttypid
           where a.attrelid = to_regclass($1) and a.attname = $5 and not a.attisdropped) as "keyType",
         (select jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'hasDefault', d.oid is not null,
                   'isCounted', a.attidentity <> '' or exists (
                     select from pg_depend x join pg_class s on s.oid = x.refobjid and s.relkind = 'S'
                      where x.classid = 'pg_attrdef'::regclass and x.objid = d.oid and x.refclassid = 'pg_class'::regclass))
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where a.attrelid = to_regclass($1) and a.attname = '${WRITE_ORDER}' and not a.attisdropped) as "writeOrder"`;

export async function migrationStatus(
  migrator: Migrator,
  files: readonly MigrationFile[],
  target: MigrationTarget,
): Promise<MigrationStatus> {
  const { schema, table, publication } = target;
  const applied = await migrator.applied();
  const [reality] = await migrator.query<Reality>(REALITY, [
    ...[qualifiedTable(target), publication, schema, table, target.shard?.keyColumn ?? ""],
  ]);
  const columns = reality?.columns ?? null;
  const missingColumns = REQUIRED_COLUMNS.filter((name) => !(columns ?? []).includes(name));
  const publishesInsert = reality?.publishesInsert === true;
  const hasTable = reality?.hasTable === true;
  const hasRows = hasRowsOf(target, reality);
  const { writeOrder = null } = reality ?? {};
  const writeOrderFault = writeOrder === null ? null : faultOf(writeOrder);
  return {
    migrations: files.map((file) => stateOf(file, target, applied)),
    table: { name: `${schema}.${table}`, exists: columns !== null },
    missingColumns,
    hasWriteOrder: writeOrder !== null && writeOrderFault === null,
    writeOrderFault,
    publication: {
      name: publication,
      exists: (reality?.publishesInsert ?? null) !== null,
      publishesInsert,
      hasTable,
      hasRows,
    },
    isReady: missingColumns.length === 0 && publishesInsert && hasTable && hasRows,
  };
}

/** As a repair looks at it: the migration makes a bigint whose default takes the next number of a sequence. */
function faultOf({ type, hasDefault, isCounted }: WriteOrder): string | null {
  const faults: string[] = [];
  if (type !== "bigint") faults.push(`is of type ${type}, not bigint`);
  if (!isCounted) {
    faults.push(
      `has ${hasDefault ? "a default that is" : "no default,"} not nextval() of a sequence`,
    );
  }
  return faults.length === 0 ? null : faults.join(", and ");
}

function hasRowsOf({ shard = null }: MigrationTarget, reality: Reality | undefined): boolean {
  if (shard === null) return true;
  const { rowFilter = null, keyType } = reality ?? {};
  return rowFilter !== null && isShardFilter(rowFilter, shard, shard.keyColumn, keyType ?? "");
}

function stateOf(
  file: MigrationFile,
  target: MigrationTarget,
  applied: Awaited<ReturnType<Migrator["applied"]>>,
): MigrationState {
  const name = recordName(file, target);
  const row = applied.find((one) => one.version === file.version && one.name === name);
  if (row === undefined) return { version: file.version, name, state: "pending", appliedAt: null };
  const state = row.checksum === file.checksum ? "applied" : "changed";
  return { version: file.version, name, state, appliedAt: row.appliedAt.toISOString() };
}
