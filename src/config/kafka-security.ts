import type { SettingValues } from "./schema.ts";

/** What Kafka calls the four ways to speak to a broker. */
export type SecurityProtocol = "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";

/** PEM texts; null where there is none. */
export interface KafkaTls {
  /** Null: those that Node trusts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly keyPassphrase: string | null;
  /** Null: the broker's host. */
  readonly serverName: string | null;
  readonly isInsecure: boolean;
}

export type TokenSource =
  | { readonly kind: "value"; readonly value: string }
  /** Read again at each use. */
  | { readonly kind: "file"; readonly path: string }
  | {
      readonly kind: "endpoint";
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
      readonly audience: string | null;
    };

export type KafkaSasl =
  | {
      readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: "OAUTHBEARER";
      readonly token: TokenSource;
      readonly extensions: Readonly<Record<string, string>>;
    };

/** What the settings say together about the way to the brokers. */
export interface KafkaSecurity {
  readonly protocol: SecurityProtocol;
  readonly tls: KafkaTls | null;
  readonly sasl: KafkaSasl | null;
}

type Kafka = SettingValues["kafka"];

/** Needs settings without problems (`kafkaSecurityProblems`). `tokenFile`: where the token came from, if from a file. */
export function kafkaSecurity(kafka: Kafka, tokenFile: string | null): KafkaSecurity {
  const sasl = saslOf(kafka, tokenFile);
  const tls = wantsTls(kafka) ? tlsOf(kafka) : null;
  const prefix = sasl === null ? "" : "SASL_";
  return { protocol: tls === null ? `${prefix}PLAINTEXT` : `${prefix}SSL`, tls, sasl };
}

/** The protocol decides, else the switch, else whether there is anything that only TLS has a use for. */
export function wantsTls({ securityProtocol, tls }: Kafka): boolean {
  if (securityProtocol !== null) return securityProtocol.endsWith("SSL");
  const { ca, cert, key, serverName, insecure } = tls;
  return tls.enabled ?? (insecure || [ca, cert, key, serverName].some((one) => one !== null));
}

function tlsOf({ tls }: Kafka): KafkaTls {
  const { cert, key, keyPassphrase, serverName, insecure: isInsecure } = tls;
  const ca = tls.ca === "system" ? null : tls.ca;
  return { ca, cert, key, keyPassphrase, serverName, isInsecure };
}

function saslOf({ sasl }: Kafka, tokenFile: string | null): KafkaSasl | null {
  const { mechanism, username, password, oauthbearer } = sasl;
  if (mechanism === null) return null;
  if (mechanism !== "OAUTHBEARER") {
    return { mechanism, username: username ?? "", password: password ?? "" };
  }
  const { extensions, token } = oauthbearer;
  const source: TokenSource =
    tokenFile !== null
      ? { kind: "file", path: tokenFile }
      : token !== null
        ? { kind: "value", value: token }
        : endpointOf(oauthbearer);
  return { mechanism, token: source, extensions: extensions ?? {} };
}

function endpointOf(oauthbearer: Kafka["sasl"]["oauthbearer"]): TokenSource {
  const { tokenEndpointUrl, clientId, clientSecret, scope, audience } = oauthbearer;
  return {
    kind: "endpoint",
    url: tokenEndpointUrl ?? "",
    clientId: clientId ?? "",
    clientSecret: clientSecret ?? "",
    scope,
    audience,
  };
}
