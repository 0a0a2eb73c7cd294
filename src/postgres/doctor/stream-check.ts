import type { Client } from "pg";
import pg from "pg";
import type { Check } from "../../relay/check.ts";
import { asked } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";
import { wireOf } from "../capture-link.ts";
import { firstHost, verifyPrimary } from "../first-host.ts";
import type { HostSession } from "../host-list.ts";
import { hostSessions } from "../host-list.ts";
import { postgresError } from "../postgres-error.ts";
import type { ReplicationSourceOptions } from "../replication-source.ts";
import { identifyServer } from "../server-identity.ts";
import { verifySession } from "../session.ts";

const TITLE = "replication connection";
const WHY =
  "the stream needs a direct connection to the same server; no connection pooler can carry it";

interface Seen {
  readonly systemId: string;
  readonly walSenderTimeoutMs: number;
}

/** Opens a replication connection as the relay would, asks who is there, and takes no slot. `systemId`: of the other connection. */
export function streamCheck(
  options: ReplicationSourceOptions,
  systemId: string | null,
): Promise<Check> {
  const { connectionString, applicationName, tls, walSenderTimeoutMs } = options;
  const sessions = hostSessions(connectionString, applicationName, {}, tls);
  const neverGivenUp = (): boolean => false;
  return asked(TITLE, WHY, async () => {
    const seen = await firstHost(sessions, neverGivenUp, (session) => identify(session, options));
    const findings = [serverFinding(seen, systemId), timeoutFinding(seen, walSenderTimeoutMs)];
    return {
      seen: `server ${seen.systemId}, wal_sender_timeout ${seen.walSenderTimeoutMs} ms on our session`,
      findings: findings.filter((finding) => finding !== null),
    };
  });
}

async function identify(session: HostSession, options: ReplicationSourceOptions): Promise<Seen> {
  const { slot, publications, connectTimeoutMs, walSenderTimeoutMs } = options;
  const client = new pg.Client({
    ...session.client,
    replication: "database",
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  } as pg.ClientConfig) as Client;
  // An error outside of a query is told by the next query too.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await verifySession(client);
    await verifyPrimary(client, session);
    return await identifyServer(client, walSenderTimeoutMs);
  } catch (error) {
    throw postgresError(error, "connect", { slot, publications, address: session.address });
  } finally {
    wireOf(client).stream.destroy();
  }
}

function serverFinding({ systemId }: Seen, other: string | null): Finding | null {
  if (other === null || other === systemId) return null;
  return {
    code: "CONFIG_DATABASE_URL",
    severity: "halt",
    message: "RELAY_REPLICATION_URL leads to another server than RELAY_DATABASE_URL",
    hint: "Both must lead to the primary that has the outbox; leave RELAY_REPLICATION_URL unset where the stream needs no role or address of its own.",
  };
}

function timeoutFinding({ walSenderTimeoutMs }: Seen, wantedMs: number): Finding | null {
  if (walSenderTimeoutMs === wantedMs) return null;
  return {
    code: "CONFIG_WAL_SENDER_TIMEOUT",
    severity: "warning",
    message: `the server keeps wal_sender_timeout at ${walSenderTimeoutMs} ms on our session, and RELAY_WAL_SENDER_TIMEOUT is ${wantedMs} ms`,
    hint: "A relay whose host vanishes holds the slot for as long as the server says. Set RELAY_WAL_SENDER_TIMEOUT to the server's value, or the server's to yours.",
  };
}
