import type { Client } from "pg";
import type { ServerIdentity } from "../relay/capture/replication-stream.ts";
import { parseLsn } from "../relay/lsn.ts";
import { isServerError } from "./postgres-error.ts";

interface SystemRow {
  readonly systemid: string;
  readonly timeline: string | number;
  readonly xlogpos: string;
}

/** SQL: when the server was started, in seconds with all of their digits. */
export const SERVER_START = "extract(epoch from pg_postmaster_start_time())::text";

/** Asks who the server is, on the stream's own connection: another one may lead elsewhere after a failover. */
export async function identifyServer(
  client: Client,
  walSenderTimeoutMs: number,
): Promise<ServerIdentity> {
  const { rows } = await client.query<SystemRow>("IDENTIFY_SYSTEM");
  const [system] = rows;
  if (system === undefined) throw new Error("IDENTIFY_SYSTEM answered no row");
  const timeline = Number(system.timeline);
  return {
    systemId: system.systemid,
    timeline,
    xlogPos: parseLsn(system.xlogpos),
    timelineHistory: timeline > 1 ? await timelineHistory(client, timeline) : null,
    walSenderTimeoutMs: await setWalSenderTimeout(client, walSenderTimeoutMs),
    ...(await backend(client)),
  };
}

/** Answers of a server that cannot show the file: it is not there, may not be read, or the command is not known. */
const NO_HISTORY: ReadonlySet<string> = new Set(["58P01", "42501", "42601", "0A000"]);

/**
 * Null where the server cannot show it: most starts do not need it, and one that does names it.
 * Servers up to 14 announce the text as bytea, which `pg` then turns into a Buffer.
 */
async function timelineHistory(client: Client, timeline: number): Promise<string | null> {
  try {
    const { rows } = await client.query<{ content: string | Buffer }>(
      `TIMELINE_HISTORY ${timeline}`,
    );
    return rows[0]?.content.toString() ?? null;
  } catch (error) {
    if (isServerError(error) && NO_HISTORY.has(error.code)) return null;
    throw error;
  }
}

/**
 * Asks for our own limit, which bounds how long a vanished relay keeps the slot. A server that
 * refuses keeps its own; what is in force is the answer, ms.
 */
async function setWalSenderTimeout(client: Client, timeoutMs: number): Promise<number> {
  try {
    await client.query(`set wal_sender_timeout = ${Math.trunc(timeoutMs)}`);
  } catch (error) {
    if (!isServerError(error)) throw error;
  }
  const { rows } = await client.query<{ setting: string }>(
    "select setting from pg_settings where name = 'wal_sender_timeout'",
  );
  return Number(rows[0]?.setting ?? 0);
}

async function backend(
  client: Client,
): Promise<Pick<ServerIdentity, "walSenderPid" | "serverStart">> {
  const { rows } = await client.query<{ pid: string | number; start: string }>(
    `select pg_backend_pid() as pid, ${SERVER_START} as start`,
  );
  return { walSenderPid: Number(rows[0]?.pid ?? 0), serverStart: rows[0]?.start ?? "" };
}
