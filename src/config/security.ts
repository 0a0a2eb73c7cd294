import type { DatabaseTls, DatabaseTlsDefaults, ReadTls, SslMode } from "./database-tls.ts";
import { readDatabaseTls } from "./database-tls.ts";
import type { Environment } from "./environment.ts";
import type { Gathered } from "./gathered.ts";
import { kafkaSecurity } from "./kafka-security.ts";
import type { ReadFile } from "./lookup.ts";
import type { Security, SettingValues } from "./schema.ts";

const NAMES = {
  database: "RELAY_DATABASE_URL",
  replication: "RELAY_REPLICATION_URL",
  migration: "RELAY_MIGRATION_DATABASE_URL",
} as const;

const PATHS = {
  database: "database.url",
  replication: "database.replicationUrl",
  migration: "database.migrationUrl",
} as const;

type DatabaseName = keyof typeof NAMES;

export interface Databases extends Omit<ReadTls, "tls"> {
  /** Null without a URL, which is a problem of its own. */
  readonly tls: Readonly<Record<DatabaseName, DatabaseTls | null>>;
}

/** TLS towards each of the three databases; files that a URL names are read here. */
export function readDatabases(gathered: Gathered, readFile: ReadFile): Databases {
  const defaults: DatabaseTlsDefaults = {
    mode: gathered.text("database.ssl.mode") as SslMode | null,
    ca: gathered.text("database.ssl.ca"),
    cert: gathered.text("database.ssl.cert"),
    key: gathered.text("database.ssl.key"),
    auth: (gathered.get("database.requireAuth") ?? null) as DatabaseTlsDefaults["auth"],
  };
  const read = (database: DatabaseName): ReadTls | null => {
    const url = gathered.text(PATHS[database]);
    return url === null ? null : readDatabaseTls(NAMES[database], url, defaults, readFile);
  };
  const first = read("database");
  const others = (["replication", "migration"] as const).map((name) =>
    // A URL that is the database's own has the same problems.
    gathered.origin(PATHS[name])?.from === "derived" ? first : read(name),
  );
  const [replication, migration] = others;
  const found = [...new Set([first, ...others])].flatMap((one) => one ?? []);
  return {
    tls: {
      database: first?.tls ?? null,
      replication: replication?.tls ?? null,
      migration: migration?.tls ?? null,
    },
    problems: found.flatMap(({ problems }) => problems),
    cautions: found.flatMap((one) => one.cautions),
    weak: found.flatMap((one) => one.weak),
  };
}

/** Once there is no problem left. */
export function securityOf(
  { tls }: Databases,
  { kafka }: SettingValues,
  gathered: Gathered,
  env: Environment,
): Security {
  const { database, replication, migration } = tls;
  if (database === null || replication === null || migration === null) {
    throw new Error("a database without a URL");
  }
  const origin = gathered.origin("kafka.sasl.oauthbearer.token");
  const tokenFile = origin?.from === "file" ? (env[origin.name ?? ""] ?? null) : null;
  return { database, replication, migration, kafka: kafkaSecurity(kafka, tokenFile) };
}
