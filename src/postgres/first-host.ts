import type { Client } from "pg";
import type { ErrorCode } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import type { HostSession } from "./host-list.ts";
import { isTlsMissing, isTlsRefusal } from "./tls.ts";

/**
 * Answers after which the next host is tried, those first that say most about what is wrong when no host is any good. Everything
 * else is about the relay, its slot or its tables, and is the same everywhere.
 */
const NEXT_HOST_CODES: readonly ErrorCode[] = [
  "POSTGRES_TOO_MANY_CONNECTIONS",
  "POSTGRES_AUTHENTICATION",
  "POSTGRES_DATABASE_MISSING",
  "POSTGRES_TLS",
  "POSTGRES_UNAVAILABLE",
  "NOT_PRIMARY",
  "POSTGRES_UNREACHABLE",
];

/**
 * Opens at the first host that takes us, each time from the top of the list. Rejects with one error that
 * tells what each of them said.
 */
export async function firstHost<T>(
  sessions: readonly HostSession[],
  isGivenUp: () => boolean,
  open: (session: HostSession) => Promise<T>,
): Promise<T> {
  const refusals: RelayError[] = [];
  for (const session of sessions) {
    try {
      return await openEitherWay(session, isGivenUp, open);
    } catch (error) {
      if (isGivenUp() || !(error instanceof RelayError)) throw error;
      if (!NEXT_HOST_CODES.includes(error.code)) throw error;
      refusals.push(error);
    }
  }
  throw noHost(refusals);
}

/** What is wrong with the second way counts more, unless it is only that there is none. */
async function openEitherWay<T>(
  session: HostSession,
  isGivenUp: () => boolean,
  open: (session: HostSession) => Promise<T>,
): Promise<T> {
  try {
    return await open(session);
  } catch (error) {
    const { otherwise } = session;
    if (otherwise === null || isGivenUp() || !isTlsRefusal(error)) throw error;
    return open(otherwise).catch((second: unknown) => {
      throw isTlsMissing(second) ? error : second;
    });
  }
}

function noHost(refusals: readonly RelayError[]): RelayError {
  const rank = ({ code }: RelayError): number => NEXT_HOST_CODES.indexOf(code);
  const told = refusals.toSorted((a, b) => rank(a) - rank(b))[0];
  if (told === undefined) throw new Error("a connection string without a host");
  if (refusals.length === 1) return told;
  const { code, remedy } = told;
  const message = `none of ${refusals.length} hosts can be used: ${refusals.map((one) => one.message).join("; ")}`;
  const hint = [...new Set(refusals.map((one) => one.hint))].join(" ");
  return new RelayError(message, { code, remedy, hint, cause: told });
}

/** Rejects with `NOT_PRIMARY` (retry) when the session needs a primary and this server is in recovery. */
export async function verifyPrimary(client: Client, session: HostSession): Promise<void> {
  if (!session.needsPrimary) return;
  const { rows } = await client.query<{ standby: string }>(
    "select pg_is_in_recovery()::text as standby",
  );
  if (rows[0]?.standby !== "true") return;
  const { host, port } = session.address;
  throw new RelayError(`Postgres at ${host}:${port} is a standby`, {
    code: "NOT_PRIMARY",
    remedy: "retry",
    hint: "Nothing to do during a failover: the relay goes on as soon as a primary answers. Otherwise name the primary in RELAY_DATABASE_URL: select pg_is_in_recovery(); answers f there.",
  });
}
