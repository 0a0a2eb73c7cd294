import { boolean, oneOf } from "./kinds.ts";
import { hostName, httpUrl, opaque, pairs } from "./kinds-of-secrets.ts";
import { pemAuthorities, pemCertificates, pemPrivateKey } from "./pem.ts";
import { optionalSetting, setting } from "./setting.ts";

const NONE = "none";

const oauthbearer = {
  tokenEndpointUrl: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", {
    kind: httpUrl(),
    doc: "Where an OAUTHBEARER token is fetched, with OAuth's client credentials. A token is kept until shortly before its end.",
    example: "https://login.example.com/oauth2/token",
    derived: NONE,
  }),
  clientId: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_ID", {
    kind: opaque(),
    doc: "The client that asks for the token.",
    example: "outbox-relay",
    derived: NONE,
  }),
  clientSecret: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET", {
    kind: opaque(),
    doc: "Its secret.",
    example: "secret",
    derived: NONE,
    sensitive: true,
  }),
  scope: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_SCOPE", {
    kind: opaque(),
    doc: "The scope that is asked for.",
    example: "kafka",
    derived: NONE,
  }),
  audience: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_AUDIENCE", {
    kind: opaque(),
    doc: "The audience that is asked for, where the token endpoint wants to be told.",
    example: "https://kafka.example.com",
    derived: NONE,
  }),
  extensions: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_EXTENSIONS", {
    kind: pairs(),
    doc: "SASL extensions that go to the broker with the token.",
    example: "logicalCluster=lkc-1,identityPoolId=pool-1",
    derived: NONE,
  }),
  token: optionalSetting("RELAY_KAFKA_SASL_OAUTHBEARER_TOKEN", {
    kind: opaque(),
    doc: "A token that somebody else provides, in place of the token endpoint. As a file it is read again at each use, so that a new token only has to be written to the file.",
    exampleFile: "/var/run/secrets/kafka/token",
    example: "token",
    derived: NONE,
    sensitive: true,
  }),
};

/** TLS and SASL towards Kafka. */
export const kafkaSecuritySettings = {
  securityProtocol: optionalSetting("RELAY_KAFKA_SECURITY_PROTOCOL", {
    kind: oneOf("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    doc: "How brokers are spoken to. What contradicts it among the settings below is an error.",
    example: "SASL_SSL",
    aliases: ["KAFKA_SECURITY_PROTOCOL"],
    derived: "from TLS and SASL below",
  }),
  tls: {
    enabled: optionalSetting("RELAY_KAFKA_TLS_ENABLED", {
      kind: boolean(),
      doc: "Whether connections to brokers are encrypted.",
      example: "true",
      aliases: ["KAFKA_TLS_ENABLED"],
      derived: "`true` where `RELAY_KAFKA_SECURITY_PROTOCOL` or another TLS setting says so",
    }),
    ca: optionalSetting("RELAY_KAFKA_TLS_CA", {
      kind: pemAuthorities(),
      doc: "The certificate authorities that may have signed a broker's certificate.",
      exampleFile: "/etc/kafka/ca.pem",
      derived: "`system`, those that Node trusts (and `NODE_EXTRA_CA_CERTS`)",
    }),
    cert: optionalSetting("RELAY_KAFKA_TLS_CERT", {
      kind: pemCertificates(),
      doc: "The client's certificate, with its chain, for brokers that want one (mTLS).",
      exampleFile: "/etc/kafka/client.pem",
      derived: NONE,
    }),
    key: optionalSetting("RELAY_KAFKA_TLS_KEY", {
      kind: pemPrivateKey(),
      doc: "The private key of the client's certificate.",
      exampleFile: "/etc/kafka/client.key",
      derived: NONE,
      sensitive: true,
    }),
    keyPassphrase: optionalSetting("RELAY_KAFKA_TLS_KEY_PASSPHRASE", {
      kind: opaque(),
      doc: "What opens that key, where it is encrypted.",
      example: "secret",
      derived: NONE,
      sensitive: true,
    }),
    serverName: optionalSetting("RELAY_KAFKA_TLS_SERVER_NAME", {
      kind: hostName(),
      doc: "The name that every broker's certificate must have, and that is sent as SNI, where it is not the host that is connected to.",
      example: "kafka.example.com",
      derived: "the broker's host",
    }),
    insecure: setting("RELAY_KAFKA_TLS_INSECURE", {
      kind: boolean(),
      default: false,
      doc: "Encrypts, but trusts anyone who answers: certificates are not checked. For trials only; the relay warns at each start.",
    }),
  },
  sasl: {
    mechanism: optionalSetting("RELAY_KAFKA_SASL_MECHANISM", {
      kind: oneOf("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"),
      doc: "How the relay proves who it is. AWS_MSK_IAM is not offered.",
      example: "SCRAM-SHA-512",
      aliases: ["KAFKA_SASL_MECHANISM"],
      derived: "no SASL",
    }),
    username: optionalSetting("RELAY_KAFKA_SASL_USERNAME", {
      kind: opaque(),
      doc: "User of PLAIN and SCRAM.",
      example: "outbox-relay",
      aliases: ["KAFKA_SASL_USERNAME"],
      derived: NONE,
    }),
    password: optionalSetting("RELAY_KAFKA_SASL_PASSWORD", {
      kind: opaque(),
      doc: "Password of PLAIN and SCRAM.",
      example: "secret",
      aliases: ["KAFKA_SASL_PASSWORD"],
      derived: NONE,
      sensitive: true,
    }),
    oauthbearer,
  },
};
