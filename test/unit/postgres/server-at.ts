import { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import type { TlsOptions } from "../../../src/postgres/tls.ts";
import { PREFER_TLS } from "../../../src/postgres/tls.ts";

/** The control connection to a fake server, without TLS; the password is `TopSecret`. The caller closes it. */
export function serverAt(address: string, auth: TlsOptions["auth"] = null): PgSourceDatabase {
  return new PgSourceDatabase({
    connectionString: `postgres://relay:TopSecret@${address}/app`,
    tls: { ...PREFER_TLS, mode: "disable", auth },
    slot: "slot",
    publications: ["p"],
    tables: ["public.outbox"],
    columns: { id: "id", key: "key", route: "route", type: "type", payload: "p", headers: "h" },
    connectTimeoutMs: 2_000,
    statementTimeoutMs: 2_000,
    applicationName: "relay:test",
  });
}
