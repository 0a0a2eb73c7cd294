import type { Client, ClientConfig } from "pg";
import pg from "pg";
import { RelayError } from "../relay/errors.ts";
import "./frame-guard.ts";
import type { TlsOptions } from "./tls.ts";

/**
 * Settings that change the text of a value or of an expression, or hide the notice that rows were skipped.
 * A role or a database may set each of them otherwise; the walsender's session decides.
 */
const PINNED: Readonly<Record<string, string>> = {
  client_encoding: "UTF8",
  DateStyle: "ISO",
  TimeZone: "UTC",
  IntervalStyle: "postgres",
  extra_float_digits: "3",
  bytea_output: "hex",
  client_min_messages: "warning",
  // Expressions of the catalogs are compared with what they were, and with what they must be.
  quote_all_identifiers: "off",
};

/** Where a connection leads, for messages; holds no secret. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export interface SessionConfig {
  readonly client: ClientConfig;
  readonly address: ServerAddress;
}

/** Members of `pg`'s client that its types leave out; the version is pinned exactly. */
interface ConnectionParameters {
  readonly connectionParameters: { readonly options?: string | null };
}

/** Left in a connection string they would be read by nobody. */
const TLS_PARAMETER = /[?&](?:ssl[a-z]*|uselibpqcompat)=/;

/**
 * Client settings with the session pinned, whatever the connection string says otherwise. TLS is not read from it:
 * `pg` would give `sslmode` another meaning than libpq, and take it from `PGSSLMODE` as well.
 * Throws RelayError `CONFIG_DATABASE_URL`; its message never repeats the connection string.
 */
export function sessionConfig(
  connection: string | ClientConfig,
  applicationName: string,
  settings: Readonly<Record<string, string>> = {},
  negotiation: TlsOptions["negotiation"] = "postgres",
): SessionConfig {
  const parsed = parseConnection(connection);
  const { options } = parsed.connectionParameters;
  const { connectionString: _, ...given } =
    typeof connection === "string" ? ({} as ClientConfig) : connection;
  const { host, port, user, database, password } = parsed;
  return {
    client: {
      ...given,
      ...{ host, port, user, database, password },
      ssl: false,
      ...{ sslnegotiation: negotiation },
      application_name: applicationName,
      // Later settings win, so what the connection string asks for stays but cannot undo ours.
      options: [options ?? "", startupOptions(settings)].join(" ").trim(),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    },
    address: { host, port, user: user ?? "", database: database ?? "" },
  };
}

function parseConnection(connection: string | ClientConfig): Client & ConnectionParameters {
  if (typeof connection === "string" && TLS_PARAMETER.test(connection)) {
    throw new RelayError("RELAY_DATABASE_URL holds TLS parameters that were not read", {
      code: "CONFIG_DATABASE_URL",
      remedy: "halt",
      hint: "This is a bug in outbox-relay: set RELAY_DATABASE_SSL_MODE and take them out of the URL meanwhile.",
    });
  }
  try {
    const config = typeof connection === "string" ? { connectionString: connection } : connection;
    // Said here, so that `pg` asks no variable of the environment.
    const quiet = { ...config, ssl: false, sslnegotiation: "postgres" as const };
    return new pg.Client(quiet) as Client & ConnectionParameters;
  } catch {
    // The cause may quote the connection string, and with it the password.
    throw new RelayError("RELAY_DATABASE_URL cannot be read", {
      code: "CONFIG_DATABASE_URL",
      remedy: "halt",
      hint: "Write postgres://user:password@host:5432/database and percent-encode special characters.",
    });
  }
}

/** `search_path` keeps our catalog queries away from look-alikes in other schemas. */
function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries({ ...PINNED, search_path: "pg_catalog", ...settings })
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, "\\$&")}`)
    .join(" ");
}

/**
 * Checks on the session itself that every pin holds: a connection pooler may drop start-up options.
 */
export async function verifySession(client: Client): Promise<void> {
  const columns = Object.keys(PINNED).map((name) => `current_setting('${name}') as "${name}"`);
  const { rows } = await client.query<Record<string, string>>(`select ${columns.join(", ")}`);
  for (const [name, wanted] of Object.entries(PINNED)) {
    const found = rows[0]?.[name] ?? "";
    if (!holds(name, wanted, found)) throw notPinned(name, wanted, found);
  }
}

/** `DateStyle` shows its field order too, which the ISO form does not depend on. */
function holds(name: string, wanted: string, found: string): boolean {
  return name === "DateStyle" ? found.startsWith(wanted) : found === wanted;
}

function notPinned(name: string, wanted: string, found: string): RelayError {
  return new RelayError(
    `the session has ${name} = ${found} although it was opened with ${name} = ${wanted}`,
    {
      code: "POSTGRES_SESSION",
      remedy: "halt",
      hint: "Connect RELAY_DATABASE_URL and RELAY_REPLICATION_URL to the server itself: a connection pooler in between drops start-up options.",
    },
  );
}

/** Transaction and statement time-outs of the role or database must not end a stream; not every server has all of them. */
export async function liftTimeouts(client: Client): Promise<void> {
  await client.query(
    `select set_config(name, '0', false) from pg_settings
      where name in ('statement_timeout', 'transaction_timeout', 'lock_timeout',
                     'idle_session_timeout', 'idle_in_transaction_session_timeout')`,
  );
}

/**
 * Postgres is to refuse a SELECT from which row-level security might hide rows (42501), rather than to answer without them.
 * It says so for a policy that allows all rows as well. Logical decoding asks no policies.
 */
export async function showAllRows(client: Client): Promise<void> {
  await client.query("set row_security = off");
}
