import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import type { Ask } from "../preflight/read-facts.ts";
import type { SslMode } from "../tls.ts";
import { check } from "./question.ts";

/** How our own session came in. */
export interface SessionWay {
  /** `TLSv1.3` and the like; null in plain text. */
  readonly version: string | null;
  /** The server's end is a Unix socket or loopback, where nobody listens in. */
  readonly isLocal: boolean;
}

/** Whether others on the way could read the rows, or answer in the server's place. */
export async function tlsCheck(ask: Ask, mode: SslMode, ca: string | null): Promise<Check> {
  const [way] = await ask<SessionWay>(
    `select case when s.ssl then s.version end as "version",
            coalesce(inet_client_addr() << inet '127.0.0.0/8' or inet_client_addr() = inet '::1', true) as "isLocal"
       from pg_stat_ssl s where s.pid = pg_backend_pid()`,
    [],
  );
  const { version = null, isLocal = true } = way ?? {};
  return check("encryption", "rows and password travel over it", {
    seen: `${version ?? "plain text"}, sslmode ${mode}${isLocal ? ", from this host" : ""}`,
    findings: [tlsFinding({ version, isLocal }, mode, ca)],
  });
}

export function tlsFinding(way: SessionWay, mode: SslMode, ca: string | null): Finding | null {
  if (way.isLocal) return null;
  const hint =
    "Set RELAY_DATABASE_SSL_CA_FILE to the CA of the server's certificate (or RELAY_DATABASE_SSL_CA=system) and RELAY_DATABASE_SSL_MODE=verify-full; see docs/security.md.";
  if (way.version === null) {
    const message = "the connection to Postgres is in plain text: anyone on the way reads the rows";
    return { code: "TLS_WEAK", severity: "warning", message, hint };
  }
  if (mode.startsWith("verify") || ca !== null) return null;
  const message = `sslmode ${mode} takes anyone who answers for the server: the connection is encrypted, and nobody knows to whom`;
  return { code: "TLS_WEAK", severity: "warning", message, hint };
}
