import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import type { SslMode, TlsOptions } from "../../../src/postgres/tls.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { KeyPair } from "../../support/tls/certificates.ts";
import { expiredPair, TestAuthority } from "../../support/tls/certificates.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "../postgres/outbox-database.ts";
import type { Role } from "./secure-postgres.ts";
import { HOSTS, startSecurePostgres, tlsMode, urlOf } from "./secure-postgres.ts";

let authority: TestAuthority;
let foreign: TestAuthority;
let right: PostgresServer;
let bare: PostgresServer;
let outbox: OutboxDatabase;
let client: KeyPair;

beforeAll(async () => {
  authority = await TestAuthority.create("Postgres Test Authority");
  foreign = await TestAuthority.create("Somebody Else");
  client = await authority.issue({ commonName: "by_cert" });
  const pair = await authority.issue({ commonName: "server", hosts: HOSTS });
  right = await startSecurePostgres({ ...pair, ca: authority.cert });
  bare = await startSecurePostgres(null);
});

afterAll(async () => {
  await Promise.all([right.stop(), bare.stop()]);
});

beforeEach(async () => {
  outbox = await OutboxDatabase.create(right.url);
});

afterEach(async () => {
  await outbox.drop();
});

/** How both connections of the relay are made: `tls`, `plain`, or the code of the fault. */
async function connects(
  role: Role,
  tls: TlsOptions,
  database: OutboxDatabase = outbox,
): Promise<string> {
  const connectionString = urlOf(database.url, role);
  const stream = await database
    .stream(new RecordingHandlers(), { connectionString, tls })
    .catch((error: { readonly code: string }) => error.code);
  const findings = await database.database({ connectionString, tls }).preflight(NEVER);
  // Both connections come to the same end.
  if (typeof stream === "string")
    return findings.every(({ code }) => code === stream) ? stream : "";
  // The control connection stays open, beside the stream.
  const sessions = await database.query<{ ssl: boolean }>(
    `select s.ssl from pg_stat_activity a join pg_stat_ssl s using (pid)
      where a.datname = current_database() and a.usename = '${role}'`,
  );
  await stream.close();
  expect(sessions.length).toBeGreaterThanOrEqual(2);
  const [one] = sessions;
  expect(sessions.every(({ ssl }) => ssl === one?.ssl)).toBe(true);
  return one?.ssl === true ? "tls" : "plain";
}

async function look(url: string, tls: TlsOptions): Promise<Finding> {
  const [finding] = await outbox.database({ connectionString: url, tls }).preflight(NEVER);
  if (finding === undefined) throw new Error("nothing was found");
  return finding;
}

async function fault(url: string, tls: TlsOptions): Promise<Finding> {
  const finding = await look(url, tls);
  expect(finding.message).toContain(new URL(url).port);
  expect(JSON.stringify(finding)).not.toContain("secret-word");
  return finding;
}

const REFUSED = "POSTGRES_AUTHENTICATION";

describe("a server with TLS", () => {
  it.each<[SslMode, Role, string]>([
    ["disable", "any_way", "plain"],
    ["disable", "only_tls", REFUSED],
    ["allow", "any_way", "plain"],
    ["allow", "only_tls", "tls"],
    ["allow", "only_plain", "plain"],
    ["prefer", "any_way", "tls"],
    ["prefer", "only_tls", "tls"],
    ["prefer", "only_plain", "plain"],
    ["require", "any_way", "tls"],
    ["require", "only_plain", REFUSED],
  ])("is connected to with %s as %s: %s", async (mode, role, outcome) => {
    expect(await connects(role, tlsMode(mode))).toBe(outcome);
  });

  it("is trusted by its authority in every mode that is given one", async () => {
    for (const mode of ["require", "verify-ca", "verify-full"] as const) {
      expect(await connects("only_tls", tlsMode(mode, { ca: authority.cert }))).toBe("tls");
      expect(await connects("only_tls", tlsMode(mode, { ca: foreign.cert }))).toBe("POSTGRES_TLS");
    }
    // A handshake that fails is no reason to send everything in plain text.
    expect(await connects("any_way", tlsMode("prefer", { ca: foreign.cert }))).toBe("POSTGRES_TLS");
  });

  it("lets a role in by its certificate", async () => {
    const tls = tlsMode("verify-full", { ca: authority.cert, ...client });
    expect(await connects("by_cert", tls)).toBe("tls");
    expect(await connects("by_cert", tlsMode("require"))).toBe(REFUSED);
  });

  it("takes the handshake first where that is asked for", async () => {
    const tls = tlsMode("verify-full", { ca: authority.cert, negotiation: "direct" });
    expect(await connects("only_tls", tls)).toBe("tls");
  });
});

describe("a server without TLS", () => {
  it.each<[SslMode, string]>([
    ["disable", "plain"],
    ["allow", "plain"],
    ["prefer", "plain"],
    ["require", "POSTGRES_TLS"],
  ])("is connected to with %s: %s", async (mode, outcome) => {
    const own = await OutboxDatabase.create(bare.url);
    try {
      expect(await connects("any_way", tlsMode(mode), own)).toBe(outcome);
    } finally {
      await own.drop();
    }
  });

  it("is a fault that names the setting", async () => {
    const tls = tlsMode("verify-full", { ca: authority.cert });
    expect(await fault(urlOf(bare.url, "any_way"), tls)).toMatchObject({
      code: "POSTGRES_TLS",
      severity: "halt",
      message: expect.stringMatching(/offers no TLS$/),
      hint: expect.stringContaining("RELAY_DATABASE_SSL_MODE"),
    });
  });
});

describe("a server with a bad certificate", () => {
  const servers: PostgresServer[] = [];
  const start = async (pair: KeyPair): Promise<PostgresServer> => {
    const server = await startSecurePostgres(pair);
    servers.push(server);
    return server;
  };

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  it("for another host is refused by verify-full alone", async () => {
    const pair = await authority.issue({ commonName: "x", hosts: ["db.example.com"] });
    const url = urlOf((await start(pair)).url, "any_way");
    const ca = authority.cert;
    expect(await fault(url, tlsMode("verify-full", { ca }))).toMatchObject({
      code: "POSTGRES_TLS",
      severity: "halt",
      message: expect.stringMatching(/its certificate is for another host$/),
      hint: expect.stringContaining("RELAY_DATABASE_URL"),
    });
    for (const mode of ["verify-ca", "require"] as const) {
      // It has no outbox, but it lets us in.
      expect((await look(url, tlsMode(mode, { ca }))).code).toBe("CONFIG_TABLE");
    }
  });

  it("that has expired is refused wherever there is an authority", async () => {
    const url = urlOf((await start(await expiredPair(authority, HOSTS))).url, "any_way");
    expect(await fault(url, tlsMode("verify-ca", { ca: authority.cert }))).toMatchObject({
      code: "POSTGRES_TLS",
      severity: "halt",
      message: expect.stringMatching(/its certificate has expired$/),
      hint: expect.stringContaining("Renew"),
    });
    expect((await look(url, tlsMode("require"))).code).toBe("CONFIG_TABLE");
  });

  it("of nobody we know says which setting takes the authority", async () => {
    const url = urlOf(right.url, "any_way");
    expect(await fault(url, tlsMode("verify-full", { ca: foreign.cert }))).toMatchObject({
      message: expect.stringMatching(/no trusted authority signed its certificate$/),
      hint: expect.stringContaining("RELAY_DATABASE_SSL_CA_FILE"),
    });
  });

  it("is passed over in a list of hosts, each of which must have its own name", async () => {
    const pair = await authority.issue({ commonName: "y", hosts: ["db.example.com"] });
    const wrong = new URL(urlOf((await start(pair)).url, "any_way"));
    const good = new URL(urlOf(outbox.url, "any_way"));
    const connectionString = good.href.replace(good.host, `${wrong.host},${good.host}`);
    const tls = tlsMode("verify-full", { ca: authority.cert });
    const stream = await outbox.stream(new RecordingHandlers(), { connectionString, tls });
    expect(await outbox.isActive()).toBe(true);
    await stream.close();
  });
});
