import { RelayError } from "../relay/errors.ts";
import type { TlsFault } from "../relay/tls-fault.ts";
import { tlsFault } from "../relay/tls-fault.ts";
import { brokenAnswer } from "./api/answer.ts";
import { apiName } from "./api/names.ts";
import type { BrokerAddress } from "./broker-channel.ts";
import { kafkaError } from "./kafka-error.ts";
import type { ConnectionOptions } from "./kafkajs-config.ts";
import { WANTS_TLS } from "./kafkajs-config.ts";
import { NO_ANSWER } from "./kafkajs-frames.ts";
import { TokenRefusedError } from "./sasl/oauth-bearer.ts";

type Security = Pick<ConnectionOptions, "tls" | "sasl">;

/**
 * kafkajs puts what happened on the way into the text of its authentication error, also when the connection was lost. Only
 * its own texts count, from their beginning: a broker may use the same words for the reason of a refusal.
 */
const LOST_ON_THE_WAY =
  /^(?:SASL [\w -]+ authentication failed: )?(?:Closed connection|Connection (?:error: |timeout|closed by the server)|Request .*timed out$|Not connected$|the connection was )/;

const TLS_HINTS: Readonly<Record<TlsFault["about"], string>> = {
  authority:
    "Set RELAY_KAFKA_TLS_CA_FILE to the certificate of the authority that signed the brokers' certificates.",
  host: "Use host names that are in the certificate in RELAY_KAFKA_BROKERS and in the brokers' advertised.listeners, or set RELAY_KAFKA_TLS_SERVER_NAME.",
  validity: "Renew the broker's certificate; the relay goes on by itself.",
  "own-certificate":
    "Set RELAY_KAFKA_TLS_CERT_FILE and RELAY_KAFKA_TLS_KEY_FILE to a certificate that the brokers' truststore knows and that has not expired.",
  protocol:
    "Check that RELAY_KAFKA_BROKERS names the port of a TLS listener, and RELAY_KAFKA_SECURITY_PROTOCOL.",
};

/** Why there is no working connection to the brokers at `where`. A RelayError passes unchanged. */
export function connectionFault(cause: unknown, where: string, security: Security): RelayError {
  if (cause instanceof RelayError) return cause;
  const { name = "", message = "", code = "", type = "" } = cause as Partial<Described>;
  if (cause instanceof TokenRefusedError) return tokenRefused(cause, where);
  if (type === "UNSUPPORTED_SASL_MECHANISM" || /mechanism is not supported/.test(message)) {
    return mechanismUnknown(where, security, cause);
  }
  if (type === "ILLEGAL_SASL_STATE") return saslUnexpected(where, security, cause);
  const isRefusal = name === "KafkaJSSASLAuthenticationError" || type.startsWith("SASL_");
  if (isRefusal && !LOST_ON_THE_WAY.test(message)) return refused(where, security, cause);
  if (message.includes(NO_ANSWER)) return noBroker(where, message, cause);
  if (code === WANTS_TLS) return wantsTls(where, cause);
  const fault = tlsFault(String(code), message);
  if (fault !== null) return tls(where, fault, cause);
  return answeredFault(cause, where) ?? unreachable(where, security, cause);
}

const UNSUPPORTED_VERSION = 35;

/** What a broker answered to the first requests of a connection, which are kafkajs's; null where it did not answer. */
function answeredFault(cause: unknown, where: string): RelayError | null {
  const what = `the beginning of a connection at ${where}`;
  const { name = "", message = "", code = "" } = cause as Partial<Described>;
  // Of a Buffer that is read past its end.
  if (name === "RangeError") return brokenAnswer(`the answer to ${what}`, cause);
  // Said to each version of ApiVersions that kafkajs knows.
  if (message === "API Versions not supported")
    return kafkaError(what, UNSUPPORTED_VERSION, "retry");
  if (name !== "KafkaJSProtocolError") return null;
  const unknown = /^Unknown error code (-?\d+)$/.exec(message)?.[1];
  return kafkaError(what, Number(unknown ?? code), "retry");
}

/** What kafkajs's errors have. */
interface Described {
  readonly name: string;
  readonly message: string;
  readonly code: string | number;
  readonly type: string;
}

function tls(where: string, { what, about, mayPass }: TlsFault, cause: unknown): RelayError {
  return new RelayError(`no trusted TLS connection to Kafka at ${where}: ${what}`, {
    code: "KAFKA_TLS",
    remedy: mayPass === true ? "retry" : "halt",
    hint: `${TLS_HINTS[about]} To see it: openssl s_client -connect ${where}`,
    cause,
  });
}

function wantsTls(where: string, cause: unknown): RelayError {
  return new RelayError(`Kafka at ${where} wants TLS, and the relay speaks plain text`, {
    code: "KAFKA_TLS",
    remedy: "halt",
    hint: "Set RELAY_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL, or use the port of a plain listener in RELAY_KAFKA_BROKERS.",
    cause,
  });
}

function noBroker(where: string, message: string, cause: unknown): RelayError {
  const reason = message.substring(message.indexOf(NO_ANSWER) + NO_ANSWER.length);
  return new RelayError(`what answers at ${where} does not speak Kafka's protocol: ${reason}`, {
    code: "KAFKA_NOT_A_BROKER",
    remedy: "retry",
    hint: "Check that RELAY_KAFKA_BROKERS and the brokers' advertised.listeners name listeners of Kafka brokers, RELAY_KAFKA_SECURITY_PROTOCOL, and what is in between. The relay has hung up, and tries again.",
    cause,
  });
}

function refused(where: string, { sasl }: Security, cause: unknown): RelayError {
  const isToken = sasl?.mechanism === "OAUTHBEARER";
  const who = sasl === undefined || sasl === null || isToken ? "" : ` of user "${sasl.username}"`;
  return new RelayError(
    `Kafka at ${where} refused the credentials${who} (${sasl?.mechanism ?? "no SASL"})`,
    {
      code: "KAFKA_AUTHENTICATION",
      remedy: "halt",
      hint: isToken
        ? "The broker's log says why; check audience, issuer and scope of the token."
        : "Check RELAY_KAFKA_SASL_USERNAME, RELAY_KAFKA_SASL_PASSWORD and RELAY_KAFKA_SASL_MECHANISM, and that the user exists for this mechanism (kafka-configs --describe --entity-type users).",
      cause,
    },
  );
}

function tokenRefused(cause: TokenRefusedError, where: string): RelayError {
  return new RelayError(`Kafka at ${where} refused the token: ${cause.message}`, {
    code: "KAFKA_AUTHENTICATION",
    remedy: "halt",
    hint: "The broker's log says why: check issuer, audience (RELAY_KAFKA_SASL_OAUTHBEARER_AUDIENCE), scope and end of the token, and the broker's sasl.oauthbearer.expected.* and JWKS.",
    cause,
  });
}

function mechanismUnknown(where: string, { sasl }: Security, cause: unknown): RelayError {
  return new RelayError(
    `Kafka at ${where} does not offer the SASL mechanism ${sasl?.mechanism ?? ""}`,
    {
      code: "KAFKA_SASL_MECHANISM",
      remedy: "halt",
      hint: "Set RELAY_KAFKA_SASL_MECHANISM to one that the listener has in sasl.enabled.mechanisms.",
      cause,
    },
  );
}

function saslUnexpected(where: string, { sasl }: Security, cause: unknown): RelayError {
  const isWanted = sasl === undefined || sasl === null;
  const what = isWanted ? "wants SASL, and none is set" : "takes no SASL on this listener";
  return new RelayError(`Kafka at ${where} ${what}`, {
    code: "KAFKA_AUTHENTICATION",
    remedy: "halt",
    hint: "Compare RELAY_KAFKA_SECURITY_PROTOCOL and RELAY_KAFKA_SASL_MECHANISM with the listener's protocol, and the port in RELAY_KAFKA_BROKERS.",
    cause,
  });
}

/** A listener that wants SASL just hangs up on a client that does not begin with it. */
function unreachable(where: string, { tls: secure, sasl }: Security, cause: unknown): RelayError {
  const isClosed = (cause as { readonly name?: unknown }).name === "KafkaJSConnectionClosedError";
  const isOpen = (secure ?? null) === null || (sasl ?? null) === null;
  const also =
    isClosed && isOpen
      ? " A listener that wants TLS or SASL hangs up like this, too: check RELAY_KAFKA_SECURITY_PROTOCOL."
      : "";
  return new RelayError(
    `Kafka does not answer at ${where} (RELAY_KAFKA_BROKERS): ${reasonOf(cause)}`,
    {
      code: "KAFKA_UNREACHABLE",
      remedy: "retry",
      hint: `Check RELAY_KAFKA_BROKERS and that the brokers run; the relay keeps trying.${also}`,
      cause,
    },
  );
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ENOTFOUND", "the name cannot be resolved"],
  ["EAI_AGAIN", "the name cannot be resolved at the moment"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["ECONNRESET", "the connection was reset"],
  ["EPIPE", "the connection was reset"],
]);

/** In a few words; nothing of what the other side said. */
function reasonOf(cause: unknown): string {
  const { message = "", code = "" } = cause as Partial<Described>;
  const known = [...REASONS].find(([name]) => code === name || message.includes(name));
  if (known !== undefined) return known[1];
  if (/timeout|timed out/i.test(message)) return "no answer in time";
  return /clos|lost|given up/i.test(message) ? "the connection was closed" : "no connection";
}

/** A broker told us to come to an address at which nobody ever answered. */
export function advertisedFault(
  { id, host, port }: BrokerAddress,
  bootstrap: string,
  { cause }: RelayError,
): RelayError {
  return new RelayError(
    `the Kafka broker at ${bootstrap} says that broker ${id} is reached at ${host}:${port}, and nobody answers there (${reasonOf(cause)})`,
    {
      code: "KAFKA_ADVERTISED",
      remedy: "retry",
      hint: "Set advertised.listeners of that broker to an address that can be reached from here, or start the broker; the relay keeps trying.",
      cause,
    },
  );
}

/** Metadata names brokers that run: one that it does not name is down, or has just come. */
export function unknownBroker(): RelayError {
  return new RelayError("the cluster does not name the broker that leads or coordinates", {
    code: "KAFKA_NO_LEADER",
    remedy: "retry",
    hint: "Look for brokers that are down; the relay keeps trying.",
  });
}

/** The same fault, where the request had been sent: people see on which one a broker hangs up that serves others. */
export function lostRequest(error: unknown, apiKey: number): unknown {
  if (!(error instanceof RelayError) || error.code !== "KAFKA_UNREACHABLE") return error;
  return new RelayError(`${error.message}, after ${apiName(apiKey)} was sent`, {
    code: "KAFKA_UNREACHABLE",
    remedy: error.remedy,
    hint: error.hint,
    cause: error.cause,
  });
}

/** Whether no broker answered, so that nobody knows what became of the request. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof RelayError && UNANSWERED.has(error.code);
}

const UNANSWERED: ReadonlySet<string> = new Set(["KAFKA_UNREACHABLE", "KAFKA_ADVERTISED"]);
