import { createPrivateKey } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import type { Environment } from "../../../src/config/environment.ts";
import type { KafkaSecurity } from "../../../src/config/kafka-security.ts";
import type { LoadedConfig } from "../../../src/config/load.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { shownProblems } from "../../support/config/loading.ts";
import type { KeyPair } from "../../support/tls/certificates.ts";
import { expiredPair, TestAuthority } from "../../support/tls/certificates.ts";

const MINIMAL = { RELAY_DATABASE_URL: "postgres://u:p@localhost/d", RELAY_KAFKA_BROKERS: "k:9092" };
const SECRET = "hunter2hunter2";
const USER = { RELAY_KAFKA_SASL_USERNAME: "me", RELAY_KAFKA_SASL_PASSWORD: SECRET };
const SCRAM = { ...USER, RELAY_KAFKA_SASL_MECHANISM: "SCRAM-SHA-512" };
const OAUTH = "RELAY_KAFKA_SASL_OAUTHBEARER";
const ENDPOINT = {
  RELAY_KAFKA_SASL_MECHANISM: "OAUTHBEARER",
  [`${OAUTH}_TOKEN_ENDPOINT_URL`]: "https://login.example.com/token",
  [`${OAUTH}_CLIENT_ID`]: "me",
  [`${OAUTH}_CLIENT_SECRET`]: SECRET,
};

let authority: TestAuthority;
let pair: KeyPair;
let other: KeyPair;

beforeAll(async () => {
  authority = await TestAuthority.create("CA");
  pair = await authority.issue({ commonName: "relay" });
  other = await authority.issue({ commonName: "other" });
});

function load(env: Environment, files: Readonly<Record<string, string>> = {}): LoadedConfig {
  return loadConfig({ ...MINIMAL, ...env }, (path) => files[path] ?? "");
}

function security(env: Environment): KafkaSecurity {
  return load(env).config.security.kafka;
}

const problemsOf = (env: Environment): readonly string[] => shownProblems(() => load(env), SECRET);

describe("the way to Kafka", () => {
  it("is plain where nothing is said", () => {
    expect(security({})).toEqual({ protocol: "PLAINTEXT", tls: null, sasl: null });
  });

  it("is worked out from what is set", () => {
    const ca = { RELAY_KAFKA_TLS_CA: authority.cert };
    expect(security(ca).protocol).toBe("SSL");
    expect(security({ RELAY_KAFKA_TLS_ENABLED: "true" }).protocol).toBe("SSL");
    expect(security({ RELAY_KAFKA_TLS_SERVER_NAME: "k.example.com" }).protocol).toBe("SSL");
    expect(security(SCRAM).protocol).toBe("SASL_PLAINTEXT");
    expect(security({ ...SCRAM, ...ca }).protocol).toBe("SASL_SSL");
    expect(security({ ...SCRAM, RELAY_KAFKA_SECURITY_PROTOCOL: "SASL_SSL" }).protocol).toBe(
      "SASL_SSL",
    );
  });

  it("is what the aliases say", () => {
    const env = {
      KAFKA_SECURITY_PROTOCOL: "SASL_SSL",
      KAFKA_TLS_ENABLED: "true",
      KAFKA_SASL_MECHANISM: "PLAIN",
      KAFKA_SASL_USERNAME: "me",
      KAFKA_SASL_PASSWORD: SECRET,
    };
    expect(security(env)).toMatchObject({
      protocol: "SASL_SSL",
      sasl: { mechanism: "PLAIN", username: "me", password: SECRET },
    });
  });

  it("takes the authorities that Node trusts where none is given, or system is", () => {
    const on = { RELAY_KAFKA_TLS_ENABLED: "true" };
    expect(security(on).tls?.ca).toBeNull();
    expect(security({ ...on, RELAY_KAFKA_TLS_CA: "system" }).tls?.ca).toBeNull();
  });

  it("knows a token by its file, which is read at each use", () => {
    const env = {
      RELAY_KAFKA_SASL_MECHANISM: "OAUTHBEARER",
      [`${OAUTH}_TOKEN_FILE`]: "/token",
      [`${OAUTH}_EXTENSIONS`]: "a=1,b=2",
    };
    expect(load(env, { "/token": "abc\n" }).config.security.kafka.sasl).toEqual({
      mechanism: "OAUTHBEARER",
      token: { kind: "file", path: "/token" },
      extensions: { a: "1", b: "2" },
    });
  });
});

describe("a contradiction towards Kafka", () => {
  const PROTOCOL = "RELAY_KAFKA_SECURITY_PROTOCOL";
  it.each([
    [{ [PROTOCOL]: "PLAINTEXT", RELAY_KAFKA_TLS_ENABLED: "true" }, "RELAY_KAFKA_TLS_ENABLED"],
    [{ [PROTOCOL]: "SSL", RELAY_KAFKA_TLS_ENABLED: "false" }, "RELAY_KAFKA_TLS_ENABLED"],
    [{ [PROTOCOL]: "PLAINTEXT", RELAY_KAFKA_TLS_CA: "system" }, "RELAY_KAFKA_TLS_CA"],
    [{ [PROTOCOL]: "SSL", ...SCRAM }, "RELAY_KAFKA_SASL_MECHANISM"],
    [{ [PROTOCOL]: "SASL_SSL" }, "RELAY_KAFKA_SASL_MECHANISM"],
  ])("names both settings: %j", (env, name) => {
    const problems = problemsOf(env as Environment);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(PROTOCOL);
    expect(problems[0]).toContain(name);
  });

  it.each([
    [
      { RELAY_KAFKA_TLS_ENABLED: "false", RELAY_KAFKA_TLS_INSECURE: "true" },
      ["RELAY_KAFKA_TLS_ENABLED", "RELAY_KAFKA_TLS_INSECURE"],
    ],
    [USER, ["RELAY_KAFKA_SASL_USERNAME", "RELAY_KAFKA_SASL_MECHANISM"]],
    [
      { RELAY_KAFKA_SASL_MECHANISM: "PLAIN", RELAY_KAFKA_SASL_USERNAME: "me" },
      ["RELAY_KAFKA_SASL_MECHANISM", "RELAY_KAFKA_SASL_PASSWORD"],
    ],
    [{ ...ENDPOINT, ...USER }, ["RELAY_KAFKA_SASL_MECHANISM", "RELAY_KAFKA_SASL_USERNAME"]],
    [{ ...SCRAM, [`${OAUTH}_SCOPE`]: "x" }, ["RELAY_KAFKA_SASL_MECHANISM", `${OAUTH}_SCOPE`]],
    [{ ...ENDPOINT, [`${OAUTH}_TOKEN`]: SECRET }, [`${OAUTH}_TOKEN`, `${OAUTH}_CLIENT_ID`]],
    [
      { ...ENDPOINT, [`${OAUTH}_CLIENT_SECRET`]: "" },
      [`${OAUTH}_TOKEN_ENDPOINT_URL`, `${OAUTH}_CLIENT_SECRET`],
    ],
    [
      { RELAY_KAFKA_SASL_MECHANISM: "OAUTHBEARER" },
      [`${OAUTH}_TOKEN_ENDPOINT_URL`, `${OAUTH}_TOKEN`],
    ],
    [
      { RELAY_KAFKA_TLS_INSECURE: "true", RELAY_KAFKA_TLS_CA: "system" },
      ["RELAY_KAFKA_TLS_INSECURE", "RELAY_KAFKA_TLS_CA"],
    ],
  ])("is told before the start: %j", (env, names) => {
    const text = problemsOf(env as Environment).join("\n");
    for (const name of names) expect(text).toContain(name);
  });

  it("is not invented where a value could not be read", () => {
    const env = { RELAY_KAFKA_SECURITY_PROTOCOL: "SASL_SSL", RELAY_KAFKA_SASL_MECHANISM: "GSSAPI" };
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^RELAY_KAFKA_SASL_MECHANISM: "GSSAPI" is not valid/);
  });
});

describe("certificates for Kafka", () => {
  const both = (cert: string, key: string, more: Environment = {}): Environment => ({
    RELAY_KAFKA_TLS_CERT: cert,
    RELAY_KAFKA_TLS_KEY: key,
    ...more,
  });

  it("fit when the key is that of the certificate", () => {
    expect(security(both(pair.cert + authority.cert, pair.key)).tls).toMatchObject({
      key: pair.key,
    });
  });

  it("are a problem when certificate and key are not of one pair, or one of them is missing", () => {
    expect(problemsOf(both(pair.cert, other.key))[0]).toContain(
      "the certificate does not belong to the private key",
    );
    expect(problemsOf({ RELAY_KAFKA_TLS_CERT: pair.cert })[0]).toMatch(
      /^RELAY_KAFKA_TLS_CERT needs RELAY_KAFKA_TLS_KEY/,
    );
    expect(problemsOf({ RELAY_KAFKA_TLS_KEY: pair.key })[0]).toMatch(
      /^RELAY_KAFKA_TLS_KEY needs RELAY_KAFKA_TLS_CERT/,
    );
  });

  it("are a problem when they are no PEM, and a private key in the wrong place is not shown", () => {
    expect(problemsOf({ RELAY_KAFKA_TLS_CA: "/etc/ca.pem" })[0]).toMatch(
      /^RELAY_KAFKA_TLS_CA: .*for a path use the variable with _FILE/,
    );
    expect(problemsOf(both(pair.key, pair.cert))).toHaveLength(2);
    const torn = authority.cert.replace("M", "!");
    expect(problemsOf({ RELAY_KAFKA_TLS_CA: authority.cert + torn })[0]).toContain(
      "certificate 2 of 2 cannot be read",
    );
  });

  it("take an encrypted key with its passphrase only", () => {
    const key = createPrivateKey(pair.key)
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: SECRET })
      .toString();
    const phrase = (text: string) => ({ RELAY_KAFKA_TLS_KEY_PASSPHRASE: text });
    expect(problemsOf(both(pair.cert, key, phrase(SECRET)))).toEqual([]);
    expect(problemsOf(both(pair.cert, key, phrase("wrong")))[0]).toContain("passphrase");
    expect(problemsOf(both(pair.cert, key))[0]).toContain("does it want a passphrase");
  });
});

describe("what is allowed towards Kafka but weak", () => {
  it.each([
    [{ RELAY_KAFKA_TLS_INSECURE: "true" }, /RELAY_KAFKA_TLS_INSECURE=true: .* NOT checked/],
    [{ ...SCRAM, RELAY_KAFKA_SASL_MECHANISM: "PLAIN" }, /PLAIN without TLS/],
    [SCRAM, /SCRAM-SHA-512 without TLS/],
    [{}, /RELAY_KAFKA_BROKERS without TLS/],
  ])("is told at each start: %j", (env, sentence) => {
    const { cautions } = load(env as Environment);
    expect(cautions).toHaveLength(1);
    expect(cautions[0]).toMatch(sentence);
  });

  it.each([
    "http://login.example.com/",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
  ])("is refused where a client's secret would go in clear text: %s", (url) => {
    const env = { ...ENDPOINT, RELAY_KAFKA_TLS_ENABLED: "true" };
    const problems = problemsOf({ ...env, [`${OAUTH}_TOKEN_ENDPOINT_URL`]: url });
    expect(problems).toEqual([expect.stringContaining("TOKEN_ENDPOINT_URL has http")]);
    expect(
      load({ ...env, [`${OAUTH}_TOKEN_ENDPOINT_URL`]: "http://127.0.0.1:8080/" }).cautions,
    ).toEqual([]);
  });

  it("is nothing where all is well", async () => {
    expect(load({ ...SCRAM, RELAY_KAFKA_TLS_ENABLED: "true" }).cautions).toEqual([]);
    const old = await expiredPair(authority, []);
    const { cautions } = load({ RELAY_KAFKA_TLS_CERT: old.cert, RELAY_KAFKA_TLS_KEY: old.key });
    expect(cautions).toEqual([expect.stringMatching(/^RELAY_KAFKA_TLS_CERT has expired/)]);
  });
});
