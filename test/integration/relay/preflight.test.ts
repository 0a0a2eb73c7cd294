import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { RelayProcess } from "../../support/relay/relay-process.ts";

describe("a relay that cannot start", () => {
  let fixture: RelayFixture;

  beforeEach(async () => {
    fixture = await RelayFixture.create("preflight");
  });

  afterEach(async () => {
    await fixture.close();
  });

  function urlWith(change: (url: URL) => void): string {
    const url = new URL(fixture.database.url);
    change(url);
    return url.href;
  }

  it("for a wrong password says so without showing it, stays up, and starts once the password fits", async () => {
    const role = `r_${fixture.names.slot}`;
    await fixture.client.query(`create role ${role} login replication password 'right-one'`);
    const url = urlWith((one) => {
      one.username = role;
      one.password = "wrong-one";
    });
    const relay = fixture.start({ RELAY_DATABASE_URL: url });
    await relay.reaches("failed", "POSTGRES_AUTHENTICATION");
    expect(relay.output).not.toContain("wrong-one");
    expect((await relay.get("/livez")).status).toBe(200);
    expect((await relay.get("/readyz")).status).toBe(503);
    await fixture.client.query(`alter role ${role} password 'wrong-one'`);
    await relay.reaches("streaming");
    await relay.kill();
    await fixture.client.query(`drop role ${role}`);
  });

  it("for a database that does not exist names it", async () => {
    const url = urlWith((one) => {
      one.pathname = "/nowhere";
    });
    const { message } = await fixture
      .start({ RELAY_DATABASE_URL: url })
      .reaches("failed", "POSTGRES_DATABASE_MISSING");
    expect(message).toContain("nowhere");
  });

  it("for a host that does not answer keeps trying", async () => {
    const url = urlWith((one) => {
      one.port = "1";
    });
    const { message } = await fixture
      .start({ RELAY_DATABASE_URL: url })
      .reaches("starting", "POSTGRES_UNREACHABLE");
    expect(message).toContain("127.0.0.1:1");
  });

  it("for a slot of another plugin names slot and plugin", async () => {
    await fixture.client.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [
      fixture.names.slot,
    ]);
    const { message } = await fixture.start().reaches("failed", "CONFIG_SLOT");
    expect(message).toContain(fixture.names.slot);
  });

  it("for a missing publication tells the command, and starts once it has been run", async () => {
    await fixture.client.query(`drop publication ${fixture.names.publication}`);
    const relay = fixture.start();
    const { hint } = await relay.reaches("failed", "CONFIG_PUBLICATION");
    expect(hint).toContain("outbox-relay migrate up");
    await fixture.migrate();
    await relay.reaches("streaming");
  });

  it("for a table without a required column names table and column", async () => {
    await fixture.client.query("alter table outbox drop column aggregateid");
    const { message } = await fixture.start().reaches("failed", "CONFIG_COLUMN");
    expect(message).toMatch(/public\.outbox.*aggregateid/);
  });

  it("shows every finding at once", async () => {
    await fixture.client.query(`drop publication ${fixture.names.publication}`);
    await fixture.client.query("alter table outbox drop column aggregateid");
    const { message } = await fixture
      .start({ RELAY_KAFKA_BROKERS: "127.0.0.1:1" })
      .reaches("failed", "CONFIG_COLUMN");
    expect(message).toContain("aggregateid");
    expect(message).toContain(fixture.names.publication);
    expect(message).toContain("127.0.0.1:1");
  });

  it("for Kafka being down stays up, waits, and names the setting", async () => {
    const relay = fixture.start({ RELAY_KAFKA_BROKERS: "127.0.0.1:1" });
    const { hint } = await relay.reaches("starting", "KAFKA_UNREACHABLE");
    expect(hint).toContain("RELAY_KAFKA_BROKERS");
    expect(relay.hasEnded).toBe(false);
  });

  it("for settings that are wrong lists them all and exits 78", async () => {
    const relay = new RelayProcess({
      RELAY_DATABASE_URL: "http://secret-thing",
      RELAY_BATCH_LINGER: "soon",
    });
    expect(await relay.ended()).toBe(78);
    for (const name of ["RELAY_DATABASE_URL", "RELAY_BATCH_LINGER", "RELAY_KAFKA_BROKERS"]) {
      expect(relay.stderr).toContain(name);
    }
    expect(relay.stderr).not.toContain("secret-thing");
  });

  it("for failpoints in a production image names the setting and exits 78", async () => {
    const faulty = { ...fixture.settings, RELAY_FAILPOINTS: "produce-acked=kill@3" };
    const relay = new RelayProcess({ ...faulty, NODE_ENV: "production" });
    expect(await relay.ended()).toBe(78);
    expect(relay.stderr).toMatch(/RELAY_FAILPOINTS: .*NODE_ENV=production/);
  });
});

describe("a publication that is dropped while the relay runs", () => {
  it("stops the relay before anything later is confirmed [62: H]", async () => {
    const fixture = await RelayFixture.create("dropped");
    try {
      const relay = await fixture.streaming();
      await fixture.insert("k", '{"seq": 1}');
      await fixture.caughtUp(relay);
      await fixture.client.query(`drop publication ${fixture.names.publication}`);
      const { rows } = await fixture.client.query<{ lsn: string }>(
        "select pg_current_wal_insert_lsn()::text as lsn",
      );
      await fixture.insert("k", '{"seq": 2}');
      const { code } = await relay.reaches("failed", "CONFIG_PUBLICATION");
      expect(code).toBe("CONFIG_PUBLICATION");
      const { rows: after } = await fixture.client.query<{ held: boolean }>(
        "select confirmed_flush_lsn <= $1::pg_lsn as held from pg_replication_slots where slot_name = $2",
        [rows[0]?.lsn, fixture.names.slot],
      );
      expect(after[0]?.held).toBe(true);
    } finally {
      await fixture.close();
    }
  });
});

describe("a server whose wal_level is not logical", () => {
  let postgres: PostgresServer;
  let fixture: RelayFixture;

  beforeAll(async () => {
    postgres = await startPostgres({ settings: { wal_level: "replica" } });
    fixture = await RelayFixture.create("level", { postgresUrl: postgres.url });
  });

  afterAll(async () => {
    await fixture.close();
    await postgres.stop();
  });

  it("is reported with the command that changes it", async () => {
    const { hint } = await fixture.start().reaches("failed", "CONFIG_WAL_LEVEL");
    expect(hint).toContain("ALTER SYSTEM SET wal_level");
  });
});
