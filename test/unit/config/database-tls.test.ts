import { beforeAll, describe, expect, it } from "@jest/globals";
import type { DatabaseTls } from "../../../src/config/database-tls.ts";
import { withoutTlsParameters } from "../../../src/config/database-tls.ts";
import type { Environment } from "../../../src/config/environment.ts";
import type { LoadedConfig } from "../../../src/config/load.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { shownProblems } from "../../support/config/loading.ts";
import type { KeyPair } from "../../support/tls/certificates.ts";
import { TestAuthority } from "../../support/tls/certificates.ts";

const SECRET = "hunter2hunter2";
const URL_BARE = `postgres://u:${SECRET}@h1:1,h2:2/d`;

let authority: TestAuthority;
let pair: KeyPair;
let files: Record<string, string>;

beforeAll(async () => {
  authority = await TestAuthority.create("CA");
  pair = await authority.issue({ commonName: "relay" });
  files = { "/ca.pem": authority.cert, "/c.pem": `${pair.cert}\n`, "/k.pem": pair.key };
});

function load(env: Environment): LoadedConfig {
  const all = { RELAY_KAFKA_BROKERS: "k:1", RELAY_DATABASE_URL: URL_BARE, ...env };
  return loadConfig(all, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  });
}

function tls(env: Environment): DatabaseTls {
  return load(env).config.security.database;
}

function withParameters(parameters: string): Environment {
  return { RELAY_DATABASE_URL: `${URL_BARE}?${parameters}` };
}

const problemsOf = (env: Environment): readonly string[] => shownProblems(() => load(env), SECRET);

describe("TLS towards Postgres", () => {
  it("is tried and not insisted on where nothing is said", () => {
    expect(tls({})).toEqual({
      mode: "prefer",
      ca: null,
      cert: null,
      key: null,
      keyPassphrase: null,
      negotiation: "postgres",
      auth: null,
      minVersion: null,
      maxVersion: null,
    });
  });

  it("checks everything as soon as there is an authority, wherever it is from", () => {
    for (const env of [
      { RELAY_DATABASE_SSL_CA: authority.cert },
      { RELAY_DATABASE_SSL_CA_FILE: "/ca.pem" },
      { PGSSLROOTCERT: "/ca.pem" },
      withParameters("sslrootcert=%2Fca.pem"),
    ]) {
      expect(tls(env)).toMatchObject({ mode: "verify-full", ca: authority.cert });
    }
    expect(tls({ PGSSLROOTCERT: "system" })).toMatchObject({ mode: "verify-full", ca: "system" });
  });

  it("takes the URL before the setting, and the setting before libpq's variable", () => {
    const variable = { PGSSLMODE: "allow" };
    const setting = { ...variable, RELAY_DATABASE_SSL_MODE: "disable" };
    expect(tls(variable).mode).toBe("allow");
    expect(tls(setting).mode).toBe("disable");
    expect(tls({ ...setting, ...withParameters("sslmode=require") }).mode).toBe("require");
    expect(load({ ...setting, ...withParameters("sslmode=require") }).cautions).toContain(
      "sslmode=require of RELAY_DATABASE_URL counts more than RELAY_DATABASE_SSL_MODE=disable",
    );
  });

  it("takes a client's certificate from settings, from files and from the URL", () => {
    const client = { cert: expect.stringContaining(pair.cert), key: pair.key };
    for (const env of [
      { RELAY_DATABASE_SSL_CERT: pair.cert, RELAY_DATABASE_SSL_KEY: pair.key },
      { PGSSLCERT: "/c.pem", PGSSLKEY: "/k.pem" },
      withParameters("sslcert=/c.pem&sslkey=/k.pem"),
    ]) {
      expect(tls(env)).toMatchObject(client);
    }
  });

  it("is each URL's own", () => {
    const { security } = load({
      ...withParameters("sslmode=disable"),
      RELAY_REPLICATION_URL: `${URL_BARE}?sslmode=require`,
    }).config;
    expect(
      [security.database, security.replication, security.migration].map((one) => one.mode),
    ).toEqual(["disable", "require", "disable"]);
  });

  it("reads ssl=true as libpq does, for URLs of JDBC", () => {
    expect(tls(withParameters("ssl=true")).mode).toBe("require");
  });

  it.each([
    ["sslmode=no-verify", "sslmode of RELAY_DATABASE_URL: expected one of disable,"],
    ["sslmode=verify-full", "sslmode verify-full needs RELAY_DATABASE_SSL_CA"],
    ["sslmode=verify-ca", "sslmode verify-ca needs RELAY_DATABASE_SSL_CA"],
    ["sslmode=require&sslrootcert=system", "system needs sslmode verify-full, not require"],
    [
      "sslrootcert=/none.pem",
      "sslrootcert of RELAY_DATABASE_URL: its file cannot be read (ENOENT)",
    ],
    ["sslrootcert=/k.pem", "sslrootcert of RELAY_DATABASE_URL: expected PEM text"],
    ["sslcert=/c.pem", "needs RELAY_DATABASE_SSL_KEY (or sslkey)"],
    ["sslcert=/ca.pem&sslkey=/k.pem", "the certificate does not belong to the private key"],
    ["sslnegotiation=direct", "sslnegotiation=direct needs sslmode require"],
    ["require_auth=gss", "require_auth of RELAY_DATABASE_URL"],
    ["require_auth=md5,!password", "require_auth of RELAY_DATABASE_URL"],
    ["ssl_min_protocol_version=SSLv3", "ssl_min_protocol_version of RELAY_DATABASE_URL"],
    ["gssencmode=require", "gssencmode of RELAY_DATABASE_URL is not supported"],
    ["sslcertmode=require", "sslcertmode of RELAY_DATABASE_URL is not supported"],
    ["sslkeylogfile=/k", "sslkeylogfile of RELAY_DATABASE_URL is not supported"],
    ["scram_client_key=x", "scram_client_key of RELAY_DATABASE_URL is not supported"],
    ["some_later_one=x", "some_later_one of RELAY_DATABASE_URL is not supported"],
    ["sslcrl=/crl", "sslcrl of RELAY_DATABASE_URL is not supported"],
    ["channel_binding=require", "channel_binding of RELAY_DATABASE_URL is not supported"],
    ["ssl=0", "ssl of RELAY_DATABASE_URL: expected true"],
  ])("is a problem with %s", (parameters, sentence) => {
    const problems = problemsOf(withParameters(parameters));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(sentence);
  });

  it("is a problem when a file of libpq's variables cannot be read", () => {
    expect(problemsOf({ PGSSLROOTCERT: "/none" })).toEqual([
      'PGSSLROOTCERT: cannot read "/none" (ENOENT)',
    ]);
  });
});

describe("a connection string without its TLS parameters", () => {
  it.each([
    [`${URL_BARE}?sslmode=require`, URL_BARE],
    [
      `${URL_BARE}?a=b%20c&sslmode=require&options=-c%20x%3D1`,
      `${URL_BARE}?a=b%20c&options=-c%20x%3D1`,
    ],
    [`${URL_BARE}?uselibpqcompat=true&sslrootcert=/x&sslnegotiation=direct`, URL_BARE],
    [URL_BARE, URL_BARE],
    ["postgres:///d?host=/run&sslmode=disable", "postgres:///d?host=/run"],
  ])("keeps all the rest as it is: %s", (url, bare) => {
    expect(withoutTlsParameters(url)).toBe(bare);
  });
});

describe("what a URL says about authentication and versions of TLS", () => {
  it("is honoured, and counts more than the setting", () => {
    const setting = { RELAY_DATABASE_REQUIRE_AUTH: "md5,scram-sha-256" };
    expect(tls({}).auth).toBeNull();
    expect(tls(setting).auth).toEqual(["md5", "scram-sha-256"]);
    expect(tls({ PGREQUIREAUTH: "!password,!md5" }).auth).toEqual(["none", "scram-sha-256"]);
    const url = withParameters(
      "require_auth=scram-sha-256&ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.3",
    );
    expect(tls({ ...setting, ...url })).toMatchObject({
      auth: ["scram-sha-256"],
      minVersion: "TLSv1.3",
      maxVersion: "TLSv1.3",
    });
  });

  it("is not left in the URL for a library that would not read it", () => {
    const url = `${URL_BARE}?require_auth=md5&ssl_min_protocol_version=TLSv1.2&connect_timeout=5`;
    expect(withoutTlsParameters(url)).toBe(`${URL_BARE}?connect_timeout=5`);
  });
});

describe("a link that anybody on the way can read", () => {
  const safe = { RELAY_KAFKA_BROKERS: "localhost:9092,127.0.0.1:9093,[::1]:9094" };
  const about = (env: Environment): readonly string[] => load({ ...safe, ...env }).cautions;

  it.each([
    [withParameters("sslmode=disable"), 1],
    [withParameters("sslmode=require"), 1],
    [{ RELAY_DATABASE_URL: "postgres://u:p@localhost.evil.example/d" }, 1],
    [{ RELAY_DATABASE_URL: "postgres://u:p@127.0.0.1.evil.example/d" }, 1],
    [{ RELAY_DATABASE_URL: "postgres://u:p@localhost,far.example/d" }, 1],
    [{ RELAY_DATABASE_URL: "postgres://u:p@localhost/d?host=far.example" }, 1],
    [{ RELAY_DATABASE_URL: "postgres://u:p@localhost:5432/d" }, 0],
    [{ RELAY_DATABASE_URL: "postgres://u:p@[::1]:5432/d" }, 0],
    [{ RELAY_DATABASE_URL: "postgres://u:p@%2Ftmp/d" }, 0],
    [{ RELAY_DATABASE_URL: "postgres://u:p@127.1.2.3/d" }, 0],
  ])("is a warning at the start: %j", (env, count) => {
    expect(about(env)).toHaveLength(count);
  });

  it("is none where the server is verified", () => {
    expect(about({ RELAY_DATABASE_SSL_CA: authority.cert })).toEqual([]);
    expect(
      about({ RELAY_DATABASE_SSL_CA: authority.cert, ...withParameters("sslmode=prefer") }),
    ).toHaveLength(1);
  });

  it("stops the start with RELAY_REQUIRE_TLS, towards both", () => {
    const problems = problemsOf({ RELAY_REQUIRE_TLS: "true" });
    expect(problems).toEqual([
      expect.stringContaining("RELAY_REQUIRE_TLS: the link of RELAY_DATABASE_URL"),
      expect.stringContaining("RELAY_REQUIRE_TLS: RELAY_KAFKA_BROKERS without TLS"),
    ]);
    const verified = { RELAY_DATABASE_SSL_CA: authority.cert, ...safe };
    expect(load({ RELAY_REQUIRE_TLS: "true", ...verified }).cautions).toEqual([]);
  });
});
