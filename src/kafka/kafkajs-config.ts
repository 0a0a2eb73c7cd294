import type { Socket } from "node:net";
import { connect as connectTcp, isIP } from "node:net";
import type { ConnectionOptions as TlsConnection } from "node:tls";
import { checkServerIdentity, connect as connectTls } from "node:tls";
import type { ISocketFactory, KafkaConfig } from "kafkajs";
import { logLevel } from "kafkajs";
import { oauthBearer } from "./sasl/oauth-bearer.ts";
import type { TokenProvider } from "./sasl/token-provider.ts";

const KEEP_ALIVE_MS = 60_000;

/** PEM texts; null where there is none. */
export interface KafkaTlsOptions {
  /** Null: those that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly keyPassphrase: string | null;
  /** What every broker's certificate must be for, and what is sent as SNI; null: the broker's host. */
  readonly serverName: string | null;
  /** Trusts anyone who answers. */
  readonly isInsecure: boolean;
}

export type KafkaSaslOptions =
  | {
      readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: "OAUTHBEARER";
      readonly tokens: TokenProvider;
      readonly extensions: Readonly<Record<string, string>>;
    };

export interface ConnectionOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Null or left out: plain text. */
  readonly tls?: KafkaTlsOptions | null;
  /** Null or left out: no authentication. */
  readonly sasl?: KafkaSaslOptions | null;
}

/** kafkajs's settings for our connections; also for its admin client. */
export function kafkajsConfig(options: ConnectionOptions): KafkaConfig {
  const { tls = null, sasl = null } = options;
  return {
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: options.connectTimeoutMs,
    authenticationTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    enforceRequestTimeout: true,
    // kafkajs would renew a session that is shorter than its 10 s at each request, and brokers refuse that within a second.
    reauthenticationThreshold: 0,
    // Retrying is ours: kafkajs's is slow, hidden, and does not know what may be repeated.
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
    socketFactory: ourSocket,
    ...(tls !== null && { ssl: secureContext(tls) }),
    ...(sasl !== null && { sasl: saslConfig(sasl) }),
  };
}

function secureContext(tls: KafkaTlsOptions): TlsConnection {
  const { ca, cert, key, keyPassphrase, serverName, isInsecure } = tls;
  return {
    rejectUnauthorized: !isInsecure,
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(keyPassphrase !== null && { passphrase: keyPassphrase }),
    ...(serverName !== null && { servername: serverName }),
  };
}

function saslConfig(sasl: KafkaSaslOptions): NonNullable<KafkaConfig["sasl"]> {
  if (sasl.mechanism === "OAUTHBEARER") return oauthBearer(sasl.tokens, sasl.extensions);
  const { username, password } = sasl;
  switch (sasl.mechanism) {
    case "PLAIN":
      return { mechanism: "plain", username, password };
    case "SCRAM-SHA-256":
      return { mechanism: "scram-sha-256", username, password };
    case "SCRAM-SHA-512":
      return { mechanism: "scram-sha-512", username, password };
  }
}

/** kafkajs's own sockets wait for more data before they send (Nagle). */
const ourSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket = ssl
    ? tlsSocket(host, port, ssl as TlsConnection, onConnect)
    : plainSocket(host, port, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  return socket;
};

/** An address is no name for SNI (RFC 6066), but a certificate may be for one. */
function tlsSocket(host: string, port: number, ssl: TlsConnection, onConnect: () => void): Socket {
  const name = ssl.servername ?? host;
  const expected: TlsConnection = {
    servername: isIP(name) === 0 ? name : "",
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
  return connectTls({ ...ssl, ...expected, host, port }, onConnect);
}

/** The code of the error that a plain connection to a TLS listener ends with. */
export const WANTS_TLS = "WANTS_TLS";
const TLS_ALERT = 0x15;
const TLS_MAJOR = 0x03;

/** A listener for TLS answers plain text with a TLS alert, which kafkajs would take for the length of an answer. */
function plainSocket(host: string, port: number, onConnect: () => void): Socket {
  const socket = connectTcp({ host, port }, onConnect);
  socket.once("data", (chunk: Buffer) => {
    if (chunk[0] !== TLS_ALERT || chunk[1] !== TLS_MAJOR) return;
    const error = new Error("the listener answers with a TLS alert");
    socket.destroy(Object.assign(error, { code: WANTS_TLS }));
  });
  return socket;
}
