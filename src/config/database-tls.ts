import type { SecureVersion } from "node:tls";
import type { AuthMethod } from "./auth-methods.ts";
import { authMethods } from "./auth-methods.ts";
import type { HostList } from "./host-list.ts";
import { putHosts, takeHosts } from "./host-list.ts";
import type { Kind } from "./kinds.ts";
import { FormatError, oneOf } from "./kinds.ts";
import type { ReadFile } from "./lookup.ts";
import {
  expiredSince,
  pairProblem,
  pemAuthorities,
  pemCertificates,
  pemPrivateKey,
} from "./pem.ts";
import { weakDatabaseLink } from "./weak-links.ts";

export type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

/** TLS towards one database. PEM texts; null where there is none. */
export interface DatabaseTls {
  readonly mode: SslMode;
  /** `system`: those that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly keyPassphrase: string | null;
  /** `direct`: the handshake begins at once (Postgres 17 and later). */
  readonly negotiation: "postgres" | "direct";
  /** How the server may ask for the password; null: no setting says so. */
  readonly auth: readonly AuthMethod[] | null;
  readonly minVersion: SecureVersion | null;
  readonly maxVersion: SecureVersion | null;
}

/** What the settings say for all databases; null where they are silent. */
export type DatabaseTlsDefaults = Pick<DatabaseTls, "ca" | "cert" | "key" | "auth"> & {
  readonly mode: SslMode | null;
};

export interface ReadTls {
  readonly tls: DatabaseTls;
  readonly problems: readonly string[];
  readonly cautions: readonly string[];
  /** What RELAY_REQUIRE_TLS does not allow. */
  readonly weak: readonly string[];
}

const MODES: Kind<SslMode> = oneOf(
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
);
const NEGOTIATIONS = oneOf("postgres", "direct");
const VERSIONS = oneOf("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");

/** Ours to read; the client library gives them another meaning than libpq. */
const READ_HERE = ["sslmode", "ssl", "sslrootcert", "sslcert", "sslkey", "sslpassword"];
const HONOURED = [
  "sslnegotiation",
  "require_auth",
  "ssl_min_protocol_version",
  "ssl_max_protocol_version",
];
/** Without a meaning for us, and none for security: less than what was asked for is no risk. */
const PASSED_OVER = ["uselibpqcompat", "sslcompression", "sslsni"];
const DROPPED = [...READ_HERE, ...HONOURED, ...PASSED_OVER];
/** Of libpq's parameters (PostgreSQL 18, "Parameter Key Words") those that ask for nothing that protects the link. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["host", "hostaddr", "port", "dbname", "user", "password", "application_name", "options"],
  ...["fallback_application_name", "client_encoding", "connect_timeout", "replication"],
  ...["keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"],
  ...["tcp_user_timeout", "target_session_attrs", "load_balance_hosts", "schema", "currentSchema"],
  ...["encoding", "gssencmode", "channel_binding", "sslcertmode"],
]);
/** Values with which these ask for nothing more than there is. */
const LAX: Readonly<Record<string, readonly string[]>> = {
  channel_binding: ["disable", "prefer"],
  gssencmode: ["disable", "prefer"],
  sslcertmode: ["disable", "allow"],
};

/** `url` must be one of Postgres; `name` is its setting. What the URL says counts more than the defaults. */
export function readDatabaseTls(
  name: string,
  url: string,
  defaults: DatabaseTlsDefaults,
  readFile: ReadFile,
): ReadTls {
  const problems: string[] = [];
  const given = parametersOf(url);
  const attempt = <T>(parameter: string, read: (text: string) => T): T | null => {
    const text = given.get(parameter) ?? "";
    if (text === "") return null;
    try {
      return read(text);
    } catch (error) {
      problems.push(`${parameter} of ${name}: ${reasonOf(error)}`);
      return null;
    }
  };
  const fromFile = (kind: Kind<string>) => (path: string) =>
    path === "system" ? kind.parse(path) : kind.parse(readFile(path).replace(/\r?\n$/, ""));
  const ca = attempt("sslrootcert", fromFile(pemAuthorities())) ?? defaults.ca;
  const own = attempt("sslmode", MODES.parse) ?? attempt("ssl", jdbcMode);
  const tls: DatabaseTls = {
    mode: own ?? defaults.mode ?? (ca === null ? "prefer" : "verify-full"),
    ca,
    cert: attempt("sslcert", fromFile(pemCertificates())) ?? defaults.cert,
    key: attempt("sslkey", fromFile(pemPrivateKey())) ?? defaults.key,
    keyPassphrase: given.get("sslpassword") ?? null,
    negotiation: attempt("sslnegotiation", NEGOTIATIONS.parse) ?? "postgres",
    auth: attempt("require_auth", authMethods().parse) ?? defaults.auth,
    minVersion: attempt("ssl_min_protocol_version", VERSIONS.parse),
    maxVersion: attempt("ssl_max_protocol_version", VERSIONS.parse),
  };
  const refused = [...new Set(given.keys())].filter((one) => asksForMore(one, given));
  problems.push(...refused.map((one) => `${one} of ${name} is not supported; take it out`));
  if (problems.length === 0) problems.push(...relationProblems(name, tls));
  const weak = weakDatabaseLink(name, url, tls);
  return {
    tls,
    problems,
    cautions: cautions(name, own, defaults, tls),
    weak: weak === null ? [] : [weak],
  };
}

/** The connection string without what `readDatabaseTls` has read. */
export function withoutTlsParameters(url: string): string {
  const list = takeHosts(url);
  if (list === null) return url;
  const [path, query] = split(list);
  const left = query.split("&").filter((one) => !DROPPED.includes(one.split("=")[0] ?? ""));
  const isEmpty = left.join("") === "";
  return putHosts({ ...list, behind: isEmpty ? path : `${path}?${left.join("&")}` });
}

function parametersOf(url: string): URLSearchParams {
  const list = takeHosts(url);
  return new URLSearchParams(list === null ? "" : split(list)[1]);
}

function split({ behind }: HostList): [string, string] {
  const [before = ""] = behind.split("#");
  const at = before.indexOf("?");
  return at < 0 ? [before, ""] : [before.slice(0, at), before.slice(at + 1)];
}

/** libpq takes `ssl=true` from URLs of JDBC. */
function jdbcMode(text: string): SslMode {
  if (text === "true") return "require";
  throw new FormatError("expected true; or use sslmode");
}

/** What is not known is refused: it may ask for more than we would do. */
function asksForMore(parameter: string, given: URLSearchParams): boolean {
  const value = given.get(parameter) ?? "";
  if (value === "" || DROPPED.includes(parameter)) return false;
  if (!HARMLESS.has(parameter)) return true;
  return LAX[parameter]?.includes(value) === false;
}

function reasonOf(error: unknown): string {
  if (error instanceof FormatError) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return `its file cannot be read (${code})`;
}

function relationProblems(name: string, tls: DatabaseTls): string[] {
  const { mode, ca, cert, key, keyPassphrase, negotiation } = tls;
  const problems: string[] = [];
  if (mode.startsWith("verify") && ca === null) {
    problems.push(
      `${name}: sslmode ${mode} needs RELAY_DATABASE_SSL_CA (or sslrootcert); system takes the authorities that Node trusts`,
    );
  }
  if (ca === "system" && mode !== "verify-full") {
    problems.push(
      `${name}: RELAY_DATABASE_SSL_CA (or sslrootcert) system needs sslmode verify-full, not ${mode}: anybody can have a certificate of a public authority`,
    );
  }
  if ((cert === null) !== (key === null)) {
    const [has, lacks] = cert === null ? ["KEY", "CERT"] : ["CERT", "KEY"];
    problems.push(
      `${name}: RELAY_DATABASE_SSL_${has} (or ssl${has.toLowerCase()}) needs RELAY_DATABASE_SSL_${lacks} (or ssl${lacks.toLowerCase()})`,
    );
  }
  const misfit = cert === null || key === null ? null : pairProblem(cert, key, keyPassphrase);
  if (misfit !== null) {
    problems.push(`${name}: RELAY_DATABASE_SSL_CERT and RELAY_DATABASE_SSL_KEY: ${misfit}`);
  }
  if (negotiation === "direct" && ["disable", "allow", "prefer"].includes(mode)) {
    problems.push(`${name}: sslnegotiation=direct needs sslmode require or a stricter one`);
  }
  return problems;
}

function cautions(
  name: string,
  own: SslMode | null,
  defaults: DatabaseTlsDefaults,
  tls: DatabaseTls,
): string[] {
  const found: string[] = [];
  if (own !== null && defaults.mode !== null && own !== defaults.mode) {
    found.push(
      `sslmode=${own} of ${name} counts more than RELAY_DATABASE_SSL_MODE=${defaults.mode}`,
    );
  }
  const ended = tls.cert === null ? null : expiredSince(tls.cert, Date.now());
  if (ended !== null) {
    found.push(`the client certificate of ${name} has expired (${ended.toISOString()})`);
  }
  return found;
}
