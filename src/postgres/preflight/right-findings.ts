import type { Finding } from "../../relay/finding.ts";
import { sqlName } from "../table-name.ts";
import type { Ask } from "./read-facts.ts";

/** Functions without which no start can be decided. `PUBLIC` may call each of them unless somebody has revoked it. */
const FUNCTIONS = [
  "pg_control_system()",
  "pg_current_snapshot()",
  "pg_current_wal_insert_lsn()",
  "pg_current_wal_lsn()",
  "pg_is_in_recovery()",
  "pg_last_wal_replay_lsn()",
  "pg_postmaster_start_time()",
  "pg_walfile_name(pg_lsn)",
];

/** Views of which the same is true. */
const VIEWS = ["pg_publication_tables", "pg_replication_slots", "pg_roles", "pg_settings"];

const MISSING = `
  select current_user::text as "role",
         array(select f from unnest($1::text[]) as f where not has_function_privilege(f, 'execute')) as "functions",
         array(select v from unnest($2::text[]) as v where not has_table_privilege(v, 'select')) as "views"`;

export interface MissingRights {
  readonly role: string;
  /** With the types of their arguments, as GRANT wants them. */
  readonly functions: readonly string[];
  readonly views: readonly string[];
}

/** Asks for rights alone, so that it works without any of them. */
export async function readMissingRights(ask: Ask): Promise<MissingRights> {
  const [found] = await ask<MissingRights>(MISSING, [FUNCTIONS, VIEWS]);
  if (found === undefined) throw new Error("a query without FROM answered no row");
  return found;
}

/** Null when the role may look at all that a start is decided by. */
export function rightFinding({ role, functions, views }: MissingRights): Finding | null {
  const missing = [...functions, ...views];
  if (missing.length === 0) return null;
  const to = `TO ${sqlName(role)};`;
  const sql = [
    ...functions.map((name) => `GRANT EXECUTE ON FUNCTION pg_catalog.${name} ${to}`),
    ...views.map((name) => `GRANT SELECT ON pg_catalog.${name} ${to}`),
  ];
  return {
    code: "CONFIG_ROLE",
    severity: "halt",
    message: `role ${sqlName(role)} may not look at what a start is decided by: ${missing.join(", ")}`,
    hint: `As a superuser run, in this database: ${sql.join(" ")}`,
    sql,
  };
}
