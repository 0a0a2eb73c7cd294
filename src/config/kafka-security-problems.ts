import { isLoopbackHost } from "./loopback.ts";
import { expiredSince, pairProblem } from "./pem.ts";
import type { SettingValues } from "./schema.ts";

type Kafka = SettingValues["kafka"];

const OAUTH = "RELAY_KAFKA_SASL_OAUTHBEARER";
const MECHANISM = "RELAY_KAFKA_SASL_MECHANISM";
const PROTOCOL = "RELAY_KAFKA_SECURITY_PROTOCOL";
const TLS = "RELAY_KAFKA_TLS";

/** Settings of TLS and SASL towards Kafka that contradict or lack one another. Holds no value that is secret. */
export function kafkaSecurityProblems(kafka: Kafka): string[] {
  return [...protocolProblems(kafka), ...tlsProblems(kafka), ...saslProblems(kafka)];
}

/** What is allowed, and will not last. */
export function kafkaSecurityCautions(kafka: Kafka, nowMs: number): string[] {
  const { tls } = kafka;
  const cautions: string[] = [];
  const ended = tls.cert === null ? null : expiredSince(tls.cert, nowMs);
  if (ended !== null) cautions.push(`${TLS}_CERT has expired (${ended.toISOString()})`);
  return cautions;
}

function protocolProblems({ securityProtocol: protocol, tls, sasl }: Kafka): string[] {
  if (protocol === null) return [];
  const problems: string[] = [];
  const isTls = protocol.endsWith("SSL");
  const isSasl = protocol.startsWith("SASL");
  if (tls.enabled !== null && tls.enabled !== isTls) {
    problems.push(contradiction(`${PROTOCOL} (${protocol})`, `${TLS}_ENABLED (${tls.enabled})`));
  }
  if (!isTls) {
    problems.push(
      ...tlsMaterial(tls).map((name) => contradiction(`${PROTOCOL} (${protocol})`, name)),
    );
  }
  if (isSasl && sasl.mechanism === null) {
    problems.push(`${PROTOCOL} (${protocol}) needs ${MECHANISM}`);
  }
  if (!isSasl && sasl.mechanism !== null) {
    problems.push(contradiction(`${PROTOCOL} (${protocol})`, `${MECHANISM} (${sasl.mechanism})`));
  }
  return problems;
}

function contradiction(one: string, other: string): string {
  return `${one} and ${other} contradict each other; keep one of them`;
}

/** Names of the settings that only TLS has a use for. */
function tlsMaterial({ ca, cert, key, serverName, insecure }: Kafka["tls"]): string[] {
  const given = { CA: ca, CERT: cert, KEY: key, SERVER_NAME: serverName };
  const names = Object.entries(given).filter(([, value]) => value !== null);
  return [...names.map(([name]) => `${TLS}_${name}`), ...(insecure ? [`${TLS}_INSECURE`] : [])];
}

function tlsProblems({ securityProtocol, tls }: Kafka): string[] {
  const problems: string[] = [];
  const { cert, key, keyPassphrase, ca, insecure } = tls;
  if (securityProtocol === null && tls.enabled === false) {
    const off = `${TLS}_ENABLED (false)`;
    problems.push(...tlsMaterial(tls).map((name) => contradiction(off, name)));
  }
  if ((cert === null) !== (key === null)) {
    const [has, lacks] = cert === null ? ["KEY", "CERT"] : ["CERT", "KEY"];
    problems.push(`${TLS}_${has} needs ${TLS}_${lacks}: a client has both or neither`);
  }
  if (key === null && keyPassphrase !== null) {
    problems.push(`${TLS}_KEY_PASSPHRASE needs ${TLS}_KEY`);
  }
  if (insecure && ca !== null) problems.push(contradiction(`${TLS}_INSECURE (true)`, `${TLS}_CA`));
  const misfit = cert === null || key === null ? null : pairProblem(cert, key, keyPassphrase);
  if (misfit !== null) {
    problems.push(`${TLS}_CERT, ${TLS}_KEY and ${TLS}_KEY_PASSPHRASE: ${misfit}`);
  }
  return problems;
}

function saslProblems({ sasl }: Kafka): string[] {
  const { mechanism, username, password, oauthbearer } = sasl;
  const user = { USERNAME: username, PASSWORD: password };
  const givenUser = namesOf(user, (value) => value !== null, "RELAY_KAFKA_SASL");
  const givenOauth = oauthNames(oauthbearer);
  if (mechanism === null) {
    return [...givenUser, ...givenOauth].map((name) => `${name} needs ${MECHANISM}`);
  }
  const chosen = `${MECHANISM} (${mechanism})`;
  if (mechanism === "OAUTHBEARER") {
    return [
      ...givenUser.map((name) => contradiction(chosen, name)),
      ...oauthProblems(oauthbearer, chosen),
    ];
  }
  return [
    ...namesOf(user, (value) => value === null, "RELAY_KAFKA_SASL").map(
      (name) => `${chosen} needs ${name}`,
    ),
    ...givenOauth.map((name) => contradiction(chosen, name)),
  ];
}

type Oauthbearer = Kafka["sasl"]["oauthbearer"];

function oauthProblems(oauthbearer: Oauthbearer, chosen: string): string[] {
  const { tokenEndpointUrl, clientId, clientSecret, scope, audience, token } = oauthbearer;
  const needed = { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
  if (token !== null) {
    const others = { TOKEN_ENDPOINT_URL: tokenEndpointUrl, ...needed };
    return namesOf(
      { ...others, SCOPE: scope, AUDIENCE: audience },
      (value) => value !== null,
      OAUTH,
    ).map((name) => contradiction(`${OAUTH}_TOKEN`, name));
  }
  if (tokenEndpointUrl === null) {
    return [`${chosen} needs ${OAUTH}_TOKEN_ENDPOINT_URL, or ${OAUTH}_TOKEN`];
  }
  const problems = namesOf(needed, (value) => value === null, OAUTH).map(
    (name) => `${OAUTH}_TOKEN_ENDPOINT_URL needs ${name}`,
  );
  const { protocol, hostname } = new URL(tokenEndpointUrl);
  if (protocol === "http:" && !isLoopbackHost(hostname)) {
    problems.push(
      `${OAUTH}_TOKEN_ENDPOINT_URL has http: the client's secret would go in clear text; use https`,
    );
  }
  return problems;
}

function oauthNames(oauthbearer: Oauthbearer): string[] {
  const { tokenEndpointUrl, clientId, clientSecret, scope, audience, token } = oauthbearer;
  return namesOf(
    {
      TOKEN_ENDPOINT_URL: tokenEndpointUrl,
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      SCOPE: scope,
      AUDIENCE: audience,
      EXTENSIONS: oauthbearer.extensions,
      TOKEN: token,
    },
    (value) => value !== null,
    OAUTH,
  );
}

function namesOf(
  values: Readonly<Record<string, unknown>>,
  isMeant: (value: unknown) => boolean,
  prefix: string,
): string[] {
  return Object.entries(values)
    .filter(([, value]) => isMeant(value))
    .map(([name]) => `${prefix}_${name}`);
}
