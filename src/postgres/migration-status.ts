import type { MigrationFile, MigrationTarget } from "./migration-file.ts";
import { qualifiedTable } from "./migration-file.ts";
import type { Migrator } from "./migrator.ts";
import { recordName } from "./migrator.ts";

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
  readonly publication: {
    readonly name: string;
    readonly exists: boolean;
    readonly publishesInsert: boolean;
    readonly hasTable: boolean;
  };
  /** Whether table, columns and publication are there, whoever made them. */
  readonly isReady: boolean;
}

const REQUIRED_COLUMNS = ["id", "aggregatetype", "aggregateid", "type", "payload"];

interface Reality {
  readonly columns: readonly string[] | null;
  readonly publishesInsert: boolean | null;
  readonly hasTable: boolean;
}

const REALITY = `
  select (select array_agg(a.attname::text) from pg_attribute a
           where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped) as "columns",
         (select p.pubinsert from pg_publication p where p.pubname = $2) as "publishesInsert",
         exists (select from pg_publication_tables t
                  where t.pubname = $2 and t.schemaname = $3 and t.tablename = $4) as "hasTable"`;

export async function migrationStatus(
  migrator: Migrator,
  files: readonly MigrationFile[],
  target: MigrationTarget,
): Promise<MigrationStatus> {
  const { schema, table, publication } = target;
  const applied = await migrator.applied();
  const [reality] = await migrator.query<Reality>(REALITY, [
    ...[qualifiedTable(target), publication, schema, table],
  ]);
  const columns = reality?.columns ?? null;
  const missingColumns = REQUIRED_COLUMNS.filter((name) => !(columns ?? []).includes(name));
  const publishesInsert = reality?.publishesInsert === true;
  const hasTable = reality?.hasTable === true;
  return {
    migrations: files.map((file) => stateOf(file, target, applied)),
    table: { name: `${schema}.${table}`, exists: columns !== null },
    missingColumns,
    publication: {
      name: publication,
      exists: (reality?.publishesInsert ?? null) !== null,
      publishesInsert,
      hasTable,
    },
    isReady: missingColumns.length === 0 && publishesInsert && hasTable,
  };
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
