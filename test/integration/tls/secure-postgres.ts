import type { PostgresServer, ServerTls } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { TlsOptions } from "../../../src/postgres/tls.ts";
import { PREFER_TLS } from "../../../src/postgres/tls.ts";
import { withClient } from "../../support/services.ts";

export const PASSWORD = "role-secret-word";
export const HOSTS = ["localhost", "127.0.0.1"];

/** Roles, and which connections the server takes from them. */
const ROLES = {
  any_way: "host all any_way 127.0.0.1/32 scram-sha-256",
  only_tls: "hostssl all only_tls 127.0.0.1/32 scram-sha-256",
  only_plain: "hostnossl all only_plain 127.0.0.1/32 scram-sha-256",
  by_cert: "hostssl all by_cert 127.0.0.1/32 cert",
} as const;

export type Role = keyof typeof ROLES;

/** A server whose lines of pg_hba.conf tell TLS from plain text; `tls` null: one without TLS. */
export async function startSecurePostgres(tls: ServerTls | null): Promise<PostgresServer> {
  const hba = ["host all postgres 127.0.0.1/32 scram-sha-256", ...Object.values(ROLES)];
  // Without TLS the server refuses lines that want it.
  const lines = tls === null ? hba.filter((line) => !line.startsWith("hostssl")) : hba;
  const server = await startPostgres({ hba: lines, ...(tls !== null && { tls }) });
  await withClient(server.url, async (client) => {
    for (const role of Object.keys(ROLES)) {
      await client.query(`create role ${role} login superuser password '${PASSWORD}'`);
    }
  });
  return server;
}

/** The URL of a database for one of the roles. */
export function urlOf(url: string, role: Role, host = "127.0.0.1"): string {
  const one = new URL(url);
  one.username = role;
  one.password = role === "by_cert" ? "" : PASSWORD;
  one.hostname = host;
  return one.href;
}

export function tlsMode(mode: TlsOptions["mode"], more: Partial<TlsOptions> = {}): TlsOptions {
  return { ...PREFER_TLS, mode, ...more };
}
