import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { until } from "../../support/services.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;

describe("preflight of a server with other settings", () => {
  let server: PostgresServer;

  afterEach(async () => {
    await outbox.client.end();
    await server.stop();
  });

  it("asks for wal_level = logical, and warns of what else it finds in the settings", async () => {
    server = await startPostgres({
      settings: { wal_level: "replica", wal_sender_timeout: "0" },
    });
    outbox = await OutboxDatabase.create(server.url);
    await outbox.query(
      "alter system set synchronous_standby_names = 'FIRST 1 (other, \"relay:TEST\")'",
    );
    await outbox.query("select pg_reload_conf()");
    const database = outbox.database();
    await until(
      async () => (await database.preflight(NEVER)).length === 3,
      5_000,
      "the setting to take effect",
    );
    const found = await database.preflight(NEVER);
    await database.close();
    expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      "halt CONFIG_WAL_LEVEL",
      "warning CONFIG_WAL_SENDER_TIMEOUT",
      "warning CONFIG_SYNCHRONOUS_STANDBY",
    ]);
    expect(found[0]?.hint).toContain("ALTER SYSTEM SET wal_level = 'logical';");
  });
});

describe.each([14, 18] as const)("Postgres %i as a standby", (major) => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ major });
  });

  afterAll(async () => {
    await server.stop();
  });

  it("is found out, and after its promotion a stream knows the new timeline's history, and starts without it", async () => {
    outbox = await OutboxDatabase.create(server.url);
    await outbox.query("create table witness (relay text primary key, seq bigint not null)");
    // A server's programs run in its data folder.
    await outbox.query("copy (select 1) to program 'touch standby.signal'");
    await server.stopFast();
    const started = server.start();
    const database = outbox.database();
    await until(
      async () => (await database.preflight(NEVER)).some(({ code }) => code === "NOT_PRIMARY"),
      10_000,
      "the standby to be found out",
    );
    expect(await database.slot(NEVER)).toBeNull();
    const counting = outbox.database({ witnessTable: "public.witness" });
    for (const question of [
      () => database.vantage(NEVER),
      () => database.catalog({ relation: null, roots: new Map() }, NEVER),
      () => database.announceSlotFree(NEVER),
      () => counting.countUp(NEVER),
    ]) {
      await expect(question()).rejects.toMatchObject({ code: "NOT_PRIMARY", remedy: "retry" });
    }
    const admin = await outbox.session();
    await admin.query("select pg_promote()");
    await started;
    expect(await database.preflight(NEVER)).toEqual([]);
    await database.createSlot(NEVER);
    const stream = await outbox.source().open(new RecordingHandlers(), NEVER);
    await stream.close();
    await admin.query("copy (select 1) to program 'rm pg_wal/00000002.history'");
    const without = await outbox.source().open(new RecordingHandlers(), NEVER);
    await without.close();
    await database.close();
    await admin.end();
    expect(without.identity).toMatchObject({ timeline: 2, timelineHistory: null });
    expect(stream.identity.timeline).toBe(2);
    expect(stream.identity.timelineHistory).toMatch(/^1\t[0-9A-F]+\/[0-9A-F]+\t/);
  });
});
