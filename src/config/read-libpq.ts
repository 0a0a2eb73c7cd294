import type { Environment } from "./environment.ts";
import type { Gathered } from "./gathered.ts";
import type { LibpqParts } from "./libpq.ts";
import { fillMissing, LIBPQ_NAMES, LIBPQ_TLS_NAMES, libpqProblems, urlFromParts } from "./libpq.ts";
import type { ReadFile } from "./lookup.ts";
import { lookUpName } from "./lookup.ts";
import { SYSTEM_CAS } from "./pem.ts";
import { settings } from "./schema.ts";

const URLS = ["database.url", "database.replicationUrl", "database.migrationUrl"];

/** Fills the database URLs from libpq's variables; returns what is wrong with those. */
export function readLibpq(
  env: Environment,
  readFile: ReadFile,
  gathered: Gathered,
): readonly string[] {
  const names = Object.entries(LIBPQ_NAMES);
  const lookups = names.map(([part, name]) => ({ part, ...lookUpName(name, env, readFile) }));
  const parts = Object.fromEntries(
    lookups.map(({ part, value }) => [part, value?.text]),
  ) as unknown as LibpqParts;
  const problems = [...lookups.flatMap((found) => found.problems), ...libpqProblems(parts)];
  if (problems.length > 0) return problems;
  const fromParts = urlFromParts(parts);
  if (!gathered.has("database.url") && fromParts !== undefined) {
    gathered.set("database.url", fromParts, { from: "libpq", name: "PGHOST" });
  }
  for (const path of URLS) {
    const url = gathered.text(path);
    if (url !== null) gathered.complete(path, fillMissing(url, parts));
  }
  return [];
}

/** `PGSSLROOTCERT`, `PGSSLCERT` and `PGSSLKEY` name files, where no setting of ours says more. */
export function readLibpqTls(
  env: Environment,
  readFile: ReadFile,
  gathered: Gathered,
): readonly string[] {
  return Object.entries(LIBPQ_TLS_NAMES).flatMap(([part, name]) => {
    const path = `database.ssl.${part}`;
    const file = env[name] ?? "";
    if (file === "" || gathered.has(path)) return [];
    const { kind } = settings.database.ssl[part as keyof typeof LIBPQ_TLS_NAMES];
    try {
      const text = file === SYSTEM_CAS ? file : readFile(file).replace(/\r?\n$/, "");
      gathered.set(path, kind.parse(text), { from: "libpq", name });
      return [];
    } catch (error) {
      if (error instanceof Error && "code" in error) {
        return [`${name}: cannot read ${JSON.stringify(file)} (${String(error.code)})`];
      }
      return [`${name}: ${error instanceof Error ? error.message : "it cannot be read"}`];
    }
  });
}
