import { execFile } from "node:child_process";
import { chmod, chown, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { serverAccount } from "../../src/demo/services/postgres-binaries.ts";
import { FaultProxy } from "../support/chaos/fault-proxy.ts";
import type { DeliveryReport } from "../support/relay/delivery-check.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const run = promisify(execFile);

const BOTH = { ...ALL_DELIVERED, published: 2 };

const proxy = new FaultProxy();
let folder: string;
let server: PostgresServer;
let fixture: RelayFixture;
let relay: RelayProcess;
let role: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outbox-relay-access-"));
  await chmod(folder, 0o755);
  await run("openssl", [
    ..."req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -days 2".split(" "),
    ...["-keyout", at("authority.key"), "-out", at("authority.pem")],
  ]);
  await makeCertificate("good", "localhost", 1);
  await makeCertificate("elsewhere", "db.elsewhere.test", 1);
  await makeCertificate("expired", "localhost", 0);
  await serve("good");
  server = await startPostgres({
    settings: { ssl: "on", ssl_cert_file: at("server.pem"), ssl_key_file: at("server.key") },
  });
  await proxy.start();
  proxy.forwardTo({ host: "127.0.0.1", port: Number(new URL(server.url).port) });
});

afterAll(async () => {
  await proxy.stop();
  await server.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  fixture = await RelayFixture.create("access", { postgresUrl: server.url });
  role = `r_${fixture.names.slot}`;
  await fixture.client.query(`create role ${role} login replication password 'first'`);
  await fixture.client.query(`grant select on outbox to ${role}`);
  relay = await fixture.streaming({ RELAY_DATABASE_URL: url(), RELAY_RETRY_MAX: "2s" });
  await fixture.insert("k", '{"seq": 1}');
});

afterEach(async () => {
  await relay.kill();
  await fixture.client.query(`drop owned by ${role}; drop role ${role}`);
  await fixture.close();
});

function at(name: string): string {
  return join(folder, name);
}

function url(): string {
  const address = new URL(fixture.database.url);
  address.hostname = "localhost";
  address.port = String(proxy.port);
  address.username = role;
  address.password = "first";
  address.searchParams.set("sslmode", "verify-full");
  address.searchParams.set("sslrootcert", at("authority.pem"));
  return address.href;
}

/** Signed by our authority; one of 0 days has expired when it is made. */
async function makeCertificate(name: string, host: string, days: number): Promise<void> {
  const [key, request] = [at(`${name}.key`), at(`${name}.csr`)];
  await run("openssl", [
    ..."req -newkey rsa:2048 -nodes".split(" "),
    ...["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`],
    ...["-keyout", key, "-out", request],
  ]);
  await run("openssl", [
    ..."x509 -req -copy_extensions copy -CAcreateserial".split(" "),
    ...["-CA", at("authority.pem"), "-CAkey", at("authority.key")],
    ...["-days", String(days), "-in", request, "-out", at(`${name}.pem`)],
  ]);
}

/** Makes it the certificate that the server shows to connections to come, once it has reloaded. */
async function serve(name: string): Promise<void> {
  const account = serverAccount();
  await copyFile(at(`${name}.pem`), at("server.pem"));
  await copyFile(at(`${name}.key`), at("server.key"));
  await chmod(at("server.key"), 0o600);
  if (account !== undefined) await chown(at("server.key"), account.uid, account.gid);
}

async function endSessions(): Promise<void> {
  await fixture.client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1",
    [role],
  );
}

/** Breaks it, ends the sessions, sees the relay halt and keep trying at its pace, corrects it, and sees all go on. */
async function deliveryOnceMended(
  code: string,
  break_: () => Promise<unknown>,
  correct: () => Promise<unknown>,
): Promise<DeliveryReport> {
  await break_();
  await endSessions();
  const { hint } = await relay.reaches("failed", code);
  expect(hint).not.toBe("");
  await fixture.insert("k", '{"seq": 2}');
  expect(await attemptsIn(3_000)).toBeLessThan(10);
  await correct();
  await relay.reaches("streaming");
  await fixture.caughtUp(relay);
  return fixture.delivery();
}

async function attemptsIn(ms: number): Promise<number> {
  const endMs = performance.now() + ms;
  const { arrivals } = proxy;
  await until(() => performance.now() > endMs, ms + 1_000, "the time to pass");
  return proxy.arrivals - arrivals;
}

describe("a relay that loses access to Postgres halts with the reason, keeps trying, and goes on when", () => {
  it("REPLICATION was revoked and is granted again [69: H L P D O R]", async () => {
    const report = await deliveryOnceMended(
      "CONFIG_ROLE",
      () => fixture.client.query(`alter role ${role} noreplication`),
      () => fixture.client.query(`alter role ${role} replication`),
    );
    expect(report).toMatchObject(BOTH);
  });

  it("the password was changed and is changed back [69: H L P D O R]", async () => {
    const report = await deliveryOnceMended(
      "POSTGRES_AUTHENTICATION",
      () => fixture.client.query(`alter role ${role} password 'second'`),
      () => fixture.client.query(`alter role ${role} password 'first'`),
    );
    expect(report).toMatchObject(BOTH);
  });

  it.each([
    ["has expired [69: H L P D O R]", "expired"],
    ["is that of another host [69: H L P D O R]", "elsewhere"],
  ])("the server's certificate is a good one again after it %s", async (_fault, certificate) => {
    const serves = async (name: string): Promise<void> => {
      await serve(name);
      await fixture.client.query("select pg_reload_conf()");
    };
    const report = await deliveryOnceMended(
      "POSTGRES_TLS",
      () => serves(certificate),
      () => serves("good"),
    );
    expect(report).toMatchObject(BOTH);
  });
});
