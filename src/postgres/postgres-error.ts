import type { ErrorCode, Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import { linkFault } from "./link-fault.ts";
import { isNotWritable, notWritable } from "./not-writable.ts";
import { serverText, stateText } from "./server-text.ts";
import type { ServerAddress } from "./session.ts";
import { isNotUtf8, isOfData, notUtf8, undecodable } from "./undecodable.ts";

/** What an error message may name. Holds no secret. */
export interface ErrorContext {
  readonly address: ServerAddress;
  readonly slot: string;
  readonly publications: readonly string[];
  /** Whose rows were read, as SQL names it; undefined for other questions. */
  readonly table?: string | undefined;
}

/** Where the error came up: the same SQLSTATE means a slot when a stream is started, a publication while it runs. */
export type ErrorPlace = "connect" | "query" | "start" | "stream";

/** What a RelayError is made of. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  readonly message: string;
  readonly hint: string;
}

/** The fields of an ErrorResponse that we read; `pg` throws them on an Error. */
interface ServerError extends Error {
  readonly code: string;
  readonly routine?: string;
}

/** Classes of SQLSTATE that may pass by themselves: connection, resources, operator, system, internal. */
const RETRY_CLASSES = new Set(["08", "53", "57", "58", "XX"]);

/** Turns whatever `pg` reports into a RelayError with a stable code; a RelayError passes unchanged. */
export function postgresError(
  error: unknown,
  place: ErrorPlace,
  context: ErrorContext,
): RelayError {
  if (error instanceof RelayError) return error;
  const explanation = isServerError(error)
    ? explainServerError(error, place, context)
    : explainClientError(error, context);
  const { message, ...details } = explanation;
  return new RelayError(message, { ...details, cause: withoutData(error) });
}

export function isServerError(error: unknown): error is ServerError {
  return textOf(error, "severity") !== "" && textOf(error, "code").length === 5;
}

/** Not by `instanceof`: errors of Node's own may come from another realm. */
function textOf(error: unknown, field: "code" | "message" | "severity"): string {
  const value = (error as Partial<Record<string, unknown>> | null | undefined)?.[field];
  return typeof value === "string" ? value : "";
}

export function hasSqlState(error: unknown, code: string): boolean {
  return isServerError(error) && error.code === code;
}

function withoutData(error: unknown): unknown {
  if (!isServerError(error) || !isOfData(error)) return error;
  return new Error(`SQLSTATE ${error.code} in ${error.routine ?? "an unknown routine"}`);
}

function explainServerError(
  error: ServerError,
  place: ErrorPlace,
  context: ErrorContext,
): Explanation {
  if (isNotWritable(error)) return notWritable(where(context.address), stateText(error));
  switch (error.code) {
    case "28P01":
    case "28000":
      return authentication(context, serverText(error));
    case "3D000":
      return databaseMissing(context);
    case "42501":
      return permission(error, context);
    case "53300":
      return tooManyConnections(error, context);
    case "25P03":
    case "25P04":
    case "55P03":
    case "57014":
    case "57P05":
      return timedOut(error);
    case "57P01":
    case "57P02":
    case "57P03":
      return unavailable(error, context);
    case "08P01":
      return place === "connect" ? pooled(error, context) : unexplained(error);
    case "55006":
      return slotBusy(error, context);
    case "XX000":
      return place === "stream" ? undecodable(error, context.slot) : unexplained(error);
    case "42704":
      if (place === "start") return slotMissing(context);
      return place === "stream" ? publicationMissing(context) : unexplained(error);
    default:
      if (place === "stream" && isOfData(error)) return undecodable(error, context.slot);
      return isNotUtf8(error) ? notUtf8(error, context.table) : unexplained(error);
  }
}

/** `text`: the server's own, which tells a wrong password from a missing line of pg_hba.conf. */
function authentication({ address }: Pick<ErrorContext, "address">, text = ""): Explanation {
  return {
    code: "POSTGRES_AUTHENTICATION",
    remedy: "halt",
    message: `Postgres at ${where(address)} refuses to let role "${address.user}" into database "${address.database}"${text === "" ? "" : `: ${text}`}`,
    hint: "Check user and password in RELAY_DATABASE_URL, and that pg_hba.conf has a line for this role, database and host (a replication connection to a database matches the database's name, not the word replication). A line hostssl takes only TLS (RELAY_DATABASE_SSL_MODE), and one with cert a certificate (RELAY_DATABASE_SSL_CERT) for this role.",
  };
}

function databaseMissing({ address }: ErrorContext): Explanation {
  return {
    code: "POSTGRES_DATABASE_MISSING",
    remedy: "halt",
    message: `Postgres at ${where(address)} has no database "${address.database}"`,
    hint: "Correct the database's name in RELAY_DATABASE_URL; psql -l lists what there is.",
  };
}

function permission(error: ServerError, { address }: ErrorContext): Explanation {
  return {
    code: "POSTGRES_PERMISSION",
    remedy: "halt",
    message: `role "${address.user}" lacks a right that the relay needs (${stateText(error)})`,
    hint: `For a right to replicate, as a superuser run ALTER ROLE "${address.user}" REPLICATION; on Amazon RDS GRANT rds_replication TO "${address.user}"; For what the text names otherwise: GRANT EXECUTE ON FUNCTION ... or GRANT SELECT ON ... TO "${address.user}";`,
  };
}

function tooManyConnections(error: ServerError, { address }: ErrorContext): Explanation {
  return {
    code: "POSTGRES_TOO_MANY_CONNECTIONS",
    remedy: "retry",
    message: `Postgres at ${where(address)} has no connection or walsender free (${stateText(error)})`,
    hint: "Raise max_connections or max_wal_senders, or end idle sessions: select pid, usename, application_name, state from pg_stat_activity;",
  };
}

/** Each of these is told by its SQLSTATE alone, except that 57014 is also what `pg_cancel_backend` leaves. */
const TIMEOUTS: Readonly<Record<string, string>> = {
  "25P03": "idle_in_transaction_session_timeout ended the session",
  "25P04": "transaction_timeout ended the session",
  "55P03": "lock_timeout ended a statement",
  "57014": "statement_timeout or pg_cancel_backend() ended a statement",
  "57P05": "idle_session_timeout ended the session",
};

function timedOut(error: ServerError): Explanation {
  return {
    code: "POSTGRES_TIMEOUT",
    remedy: "retry",
    message: `${TIMEOUTS[error.code] ?? ""} (${stateText(error)})`,
    hint: "The relay lifts the time-outs of its role and database where a session may be long, and asks its short questions with RELAY_DATABASE_STATEMENT_TIMEOUT: raise that where the server is slow, and look for somebody who has locked an outbox table (select pid, relation::regclass from pg_locks where mode = 'AccessExclusiveLock' and granted;), for somebody who ends sessions or statements, and for a pooler with time-outs of its own. Where a setting is from: select name, setting, source from pg_settings where name like '%timeout';",
  };
}

function unavailable(error: ServerError, { address }: ErrorContext): Explanation {
  return {
    code: "POSTGRES_UNAVAILABLE",
    remedy: "retry",
    message: `Postgres at ${where(address)} is starting up, shutting down, or ended the session (${stateText(error)})`,
    hint: "The relay comes back by itself; look at the server's log if this lasts.",
  };
}

/** The holder's pid is the last number of the text, in whatever language the server writes. */
function slotBusy(error: ServerError, { slot }: ErrorContext): Explanation {
  const pid = /(\d+)\D*$/.exec(error.message)?.[1];
  const holder = pid === undefined ? "another session" : `another session (pid ${pid})`;
  return {
    code: "SLOT_BUSY",
    remedy: "standby",
    message: `slot "${slot}" is held by ${holder}`,
    hint: `Nothing to do for a standby. To see the holder: select pid, application_name, client_addr from pg_stat_replication${pid === undefined ? "" : ` where pid = ${pid}`};`,
  };
}

export function slotMissing({ slot }: Pick<ErrorContext, "slot">): Explanation {
  return {
    code: "GAP_SLOT_MISSING",
    remedy: "halt",
    message: `slot "${slot}" does not exist (RELAY_SLOT_NAME)`,
    hint: "If a relay used this slot before, rows written since may be missing in Kafka: compare select slot_name from pg_replication_slots; with the checkpoint before a new slot is created.",
  };
}

function publicationMissing({ publications }: ErrorContext): Explanation {
  return {
    code: "PUBLICATION_MISSING",
    remedy: "halt",
    message: `publication ${publications.map((name) => `"${name}"`).join(", ")} did not exist when a row was written`,
    hint: "Postgres looks at the catalogs of that time, so creating it now does not help the rows before. Make it again (outbox-relay migrate up), then run outbox-relay repair: it publishes the rows from the tables and goes on from a new slot.",
  };
}

/** Postgres itself takes every start-up packet that `pg` sends; PgBouncer refuses `options`, and ends every refusal so. */
function pooled(error: ServerError, { address }: ErrorContext): Explanation {
  return {
    code: "POSTGRES_SESSION",
    remedy: "halt",
    message: `what answers at ${where(address)} refuses the session, as a connection pooler does (${stateText(error)})`,
    hint: "Connect RELAY_DATABASE_URL and RELAY_REPLICATION_URL to the server itself, past PgBouncer or the like: the relay needs sessions of its own for start-up options, LISTEN, locks and replication.",
  };
}

function unexplained(error: ServerError): Explanation {
  const { code } = error;
  return {
    code: "POSTGRES_ERROR",
    remedy: RETRY_CLASSES.has(code.substring(0, 2)) ? "retry" : "halt",
    message: `Postgres reported ${stateText(error)}`,
    hint: "The server's log has the details, and the statement; Appendix A of the Postgres manual explains the code.",
  };
}

function explainClientError(error: unknown, { address }: ErrorContext): Explanation {
  const code = textOf(error, "code");
  const text = textOf(error, "message");
  const fault = linkFault(error, { code, text }, address);
  if (fault !== null) return fault;
  if (text.startsWith("SASL")) return authentication({ address });
  return unreachable(address, code);
}

/** Refused, not found, timed out, cut: all look alike to the relay, which tries again. */
export function unreachable(address: ServerAddress, reason: string): Explanation {
  return {
    code: "POSTGRES_UNREACHABLE",
    remedy: "retry",
    message: `no connection to Postgres at ${where(address)}${reason === "" ? "" : ` (${reason})`}`,
    hint: `Check RELAY_DATABASE_URL and the network: pg_isready -h ${address.host} -p ${address.port}`,
  };
}

export function unreachableError(address: ServerAddress, reason: string): RelayError {
  const { message, ...details } = unreachable(address, reason);
  return new RelayError(message, details);
}

function where({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}
