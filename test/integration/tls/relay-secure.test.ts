import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { TestAuthority } from "../../support/tls/certificates.ts";
import { addScramUser } from "../../support/tls/scram-user.ts";
import type { SecureKafka } from "./secure-kafka.ts";
import { passwordListener, SCRAM_PASSWORD, startSecureKafka, USER } from "./secure-kafka.ts";
import { HOSTS, PASSWORD, startSecurePostgres, urlOf } from "./secure-postgres.ts";

let folder: string;
let postgres: PostgresServer;
let secure: SecureKafka;
let fixture: RelayFixture;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outbox-relay-secure-"));
  const authority = await TestAuthority.create("Postgres Test Authority");
  const pair = await authority.issue({ commonName: "server", hosts: HOSTS });
  [postgres, secure] = await Promise.all([
    startSecurePostgres({ ...pair, ca: authority.cert }),
    startSecureKafka({
      // Short enough for a renewal in each test that lasts.
      listeners: async (files) => [await passwordListener(files, "PASSWORDS", 4_000)],
    }),
  ]);
  await writeFile(join(folder, "postgres-ca.pem"), authority.cert);
  await writeFile(join(folder, "kafka-ca.pem"), secure.authority.cert);
  await writeFile(join(folder, "kafka-password"), `${SCRAM_PASSWORD}\n`);
});

afterAll(async () => {
  await Promise.all([postgres.stop(), secure.stop()]);
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  const brokers = secure.kafka.brokers;
  fixture = await RelayFixture.create("secure", { postgresUrl: postgres.url, brokers });
});

afterEach(async () => {
  await fixture.close();
});

/** Everything over TLS, secrets from files. */
function settings(): Record<string, string> {
  return {
    RELAY_DATABASE_URL: urlOf(fixture.database.url, "only_tls", "localhost"),
    RELAY_DATABASE_SSL_CA_FILE: join(folder, "postgres-ca.pem"),
    RELAY_KAFKA_BROKERS: secure.kafka.listenerBrokers("PASSWORDS").join(","),
    RELAY_KAFKA_TLS_CA_FILE: join(folder, "kafka-ca.pem"),
    RELAY_KAFKA_SASL_MECHANISM: "SCRAM-SHA-512",
    RELAY_KAFKA_SASL_USERNAME: USER,
    RELAY_KAFKA_SASL_PASSWORD_FILE: join(folder, "kafka-password"),
  };
}

async function isEncrypted(): Promise<boolean[]> {
  const { rows } = await fixture.client.query<{ ssl: boolean }>(
    `select s.ssl from pg_stat_activity a join pg_stat_ssl s using (pid)
      where a.datname = current_database() and a.usename = 'only_tls'`,
  );
  return rows.map(({ ssl }) => ssl);
}

describe("a relay with TLS on both sides and SCRAM", () => {
  it("delivers, through sessions that the broker wants renewed", async () => {
    const relay = await fixture.streaming(settings());
    expect(await isEncrypted()).toEqual([true, true]);
    const endMs = performance.now() + 9_000;
    let count = 0;
    while (performance.now() < endMs) {
      await fixture.insert(`key-${count % 7}`, JSON.stringify({ count }));
      count += 1;
    }
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, committed: count });
    expect(relay.lines.filter(({ level }) => level === "error")).toEqual([]);
    expect(await relay.stop()).toBe(0);
    expect(relay.output).not.toMatch(/secret-word/);
  });

  it("migrates over TLS, and the commands of an operator go the same way", async () => {
    const { code, stdout } = await fixture.command(["migrate", "status", "--json"], {
      ...settings(),
      RELAY_MIGRATION_DATABASE_URL: urlOf(fixture.database.url, "only_tls"),
    });
    expect([code, (JSON.parse(stdout) as { isReady: boolean }).isReady]).toEqual([0, true]);
    const plain = await fixture.command(["migrate", "status"], {
      RELAY_MIGRATION_DATABASE_URL: `${urlOf(fixture.database.url, "only_tls")}?sslmode=disable`,
    });
    expect([plain.code, plain.stderr]).toEqual([
      78,
      expect.stringContaining("POSTGRES_AUTHENTICATION"),
    ]);
    const slot = await fixture.command(["slot", "inspect"], settings());
    expect([slot.code, slot.stdout]).toEqual([0, expect.stringContaining(fixture.names.slot)]);
    const doctor = await fixture.command(["doctor"], {
      ...settings(),
      RELAY_HTTP_LISTEN: "127.0.0.1:0",
    });
    expect(doctor).toMatchObject({ code: 0, stderr: "" });
    expect(doctor.stdout).toMatch(/OK {4}encryption +TLSv1\.\d, sslmode verify-full/);
    expect(doctor.stdout).toMatch(/OK {4}encryption to brokers +TLS, verified/);
    expect(doctor.stdout).toMatch(/OK {4}replication connection +server \d+/);
  });

  it("shows in its state what keeps it out, and goes on as soon as that is corrected", async () => {
    const relay = fixture.start({ ...settings(), RELAY_KAFKA_SASL_USERNAME: "late" });
    const { message, hint } = await relay.reaches("failed", "KAFKA_AUTHENTICATION");
    expect(message).toContain('of user "late" (SCRAM-SHA-512)');
    expect(hint).toContain("RELAY_KAFKA_SASL_PASSWORD");
    await addScramUser(secure.kafka.brokers, "late", SCRAM_PASSWORD);
    await relay.reaches("streaming");
    await fixture.insert("k");
    await fixture.caughtUp(relay);
    expect(relay.output).not.toMatch(/secret-word/);
  });

  it("shows a fault of Postgres in its state, without the password", async () => {
    const relay = fixture.start({
      ...settings(),
      RELAY_DATABASE_SSL_CA_FILE: join(folder, "kafka-ca.pem"),
    });
    const { message } = await relay.reaches("failed", "POSTGRES_TLS");
    expect(message).toMatch(/localhost:\d+: no trusted authority signed its certificate$/);
    expect(relay.output).not.toContain(PASSWORD);
  });

  it("warns at each start that it trusts anyone who answers", async () => {
    const { RELAY_KAFKA_TLS_CA_FILE: _, ...rest } = settings();
    const relay = await fixture.streaming({ ...rest, RELAY_KAFKA_TLS_INSECURE: "true" });
    const warnings = relay.lines.filter(({ code }) => code === "CONFIG_INSECURE");
    expect(warnings.map(({ level, msg }) => [level, msg.slice(0, 30)])).toEqual([
      ["warn", "RELAY_KAFKA_TLS_INSECURE=true:"],
    ]);
  });
});
