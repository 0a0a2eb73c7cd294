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
}

/** What the settings say for all databases; null where they are silent. */
export type DatabaseTlsDefaults = Pick<DatabaseTls, "ca" | "cert" | "key"> & {
  readonly mode: SslMode | null;
};

export interface ReadTls {
  readonly tls: DatabaseTls;
  readonly problems: readonly string[];
  readonly cautions: readonly string[];
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

/** Ours to read; the client library gives them another meaning than libpq. */
const READ_HERE = ["sslmode", "ssl", "sslrootcert", "sslcert", "sslkey", "sslpassword"];
const DROPPED = [...READ_HERE, "sslnegotiation", "uselibpqcompat", "sslcompression", "sslsni"];
/** To pass over them would be less than what was asked for. */
const REFUSED = ["sslcrl", "sslcrldir", "sslcertmode", "channel_binding", "requirepeer"];

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
  };
  const refused = REFUSED.filter((parameter) => asksForMore(parameter, given));
  problems.push(...refused.map((one) => `${one} of ${name} is not supported; take it out`));
  if (problems.length === 0) problems.push(...relationProblems(name, tls));
  return { tls, problems, cautions: cautions(name, own, defaults, tls) };
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

function asksForMore(parameter: string, given: URLSearchParams): boolean {
  const value = given.get(parameter) ?? "";
  return value !== "" && !(parameter === "channel_binding" && value !== "require");
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
