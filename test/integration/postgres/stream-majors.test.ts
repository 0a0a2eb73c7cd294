import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { formatLsn, LSN_ZERO } from "../../../src/relay/lsn.ts";
import { createDatabase, until } from "../../support/services.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

const SETTINGS = { max_slot_wal_keep_size: "1MB", wal_keep_size: "0" };
/** What preflight says of such a server each time. */
const TINY_LIMIT: unknown = expect.objectContaining({
  code: "CONFIG_SLOT_WAL_LIMIT",
  severity: "warning",
});

describe.each([14, 15, 16, 17, 18] as const)("a stream from Postgres %i", (major) => {
  let server: PostgresServer;
  let outbox: OutboxDatabase;
  let handlers: RecordingHandlers;

  beforeAll(async () => {
    server = await startPostgres({ major, settings: SETTINGS });
  });

  afterAll(async () => {
    await server.stop();
  });

  beforeEach(async () => {
    outbox = await OutboxDatabase.create(server.url);
    handlers = new RecordingHandlers();
  });

  afterEach(async () => {
    await outbox.drop();
  });

  it("tells who the server is and hands over rows in commit order", async () => {
    const stream = await outbox.stream(handlers);
    const [system] = await outbox.query<{ id: string }>(
      "select system_identifier::text as id from pg_control_system()",
    );
    expect(stream.identity).toMatchObject({
      systemId: system?.id,
      timeline: 1,
      timelineHistory: null,
      walSenderTimeoutMs: 10_000,
    });
    expect(stream.identity.xlogPos).toBeGreaterThan(LSN_ZERO);
    for (const key of ["one", "two", "three"]) {
      await outbox.query(
        "insert into outbox (aggregatetype, aggregateid, type) values ('order', $1, 'placed')",
        [key],
      );
    }
    await handlers.untilInserts(3);
    expect(handlers.rows.map((row) => row[2])).toEqual(["one", "two", "three"]);
  });

  it("confirms exactly what it is told, and the next commit still comes after a restart", async () => {
    for (let round = 0; round < 5; round += 1) {
      const round1 = new RecordingHandlers();
      const stream = await outbox.stream(round1);
      await outbox.insert(1);
      await round1.untilInserts(1);
      const confirmed = round1.lastCommitEnd;
      // The commit that follows starts right where the confirmed one ends.
      await outbox.insert(1);
      stream.sendStatus({ received: confirmed, confirmed });
      await until(
        async () => (await outbox.confirmedLsn()) === formatLsn(confirmed),
        5_000,
        "the confirmed position",
      );
      await stream.close();
      const round2 = new RecordingHandlers();
      const next = await outbox.stream(round2);
      await round2.untilInserts(1);
      next.sendStatus({ received: round2.lastCommitEnd, confirmed: round2.lastCommitEnd });
      await next.close();
      expect(round2.rows).toHaveLength(1);
    }
  });

  it("keeps a value's text whatever role and database say [68: B]", async () => {
    const { name, url } = await outbox.role("superuser");
    await outbox.query("create type shade as enum ('ä')");
    await outbox.query(
      "alter table outbox add b bytea, add t timestamptz, add i interval, add f float8, add s shade",
    );
    for (const setting of [
      "bytea_output = escape",
      "timezone = 'Asia/Tokyo'",
      "datestyle = 'German'",
      "intervalstyle = iso_8601",
      "extra_float_digits = 0",
      "client_min_messages = error",
      "client_encoding = latin1",
      "search_path = nowhere",
      "statement_timeout = 100",
    ]) {
      await outbox.query(`alter role ${name} set ${setting}`);
    }
    await outbox.stream(handlers, { connectionString: url });
    await outbox.query(
      `insert into outbox (aggregatetype, aggregateid, type, b, t, i, f, s)
       values ('o', 'k', 't', '\\x00ff41', '2026-01-02 03:04:05.678901+00', '1 day 2 hours', 0.1::float8 + 0.2, 'ä')`,
    );
    await handlers.untilInserts(1);
    expect(handlers.rows[0]?.slice(5)).toEqual([
      "\\x00ff41",
      "2026-01-02 03:04:05.678901+00",
      "1 day 02:00:00",
      "0.30000000000000004",
      "ä",
    ]);
  });

  it("ends for good when the publication is dropped, before anything later is handed over [62: H]", async () => {
    await outbox.stream(handlers);
    await outbox.insert(1);
    await handlers.untilInserts(1);
    await outbox.query(`drop publication ${outbox.publication}`);
    await outbox.insert(1);
    const error = await handlers.untilClosed();
    expect(error).toMatchObject({
      code: major >= 18 ? "PUBLICATION_SKIPPED" : "PUBLICATION_MISSING",
      remedy: "halt",
    });
    expect(error.message).toContain(outbox.publication);
    await outbox.query(`create publication ${outbox.publication} for table outbox`);
    await outbox.insert(1);
    await until(async () => !(await outbox.isActive()), 5_000, "the slot to be free");
    expect(handlers.rows).toHaveLength(1);
    expect(handlers.closedWith).toHaveLength(1);
  });

  it("stands by while the slot is held, and names the holder", async () => {
    await outbox.stream(handlers);
    const [holder] = await outbox.query<{ pid: number }>(
      "select active_pid as pid from pg_replication_slots where slot_name = $1",
      [outbox.slot],
    );
    const error = await outbox.refusal();
    expect(error).toMatchObject({ code: "SLOT_BUSY", remedy: "standby" });
    expect(error.message).toContain(`pid ${holder?.pid}`);
  });

  it("halts without a slot", async () => {
    expect(await outbox.refusal()).toMatchObject({ code: "GAP_SLOT_MISSING", remedy: "halt" });
  });

  it.each([
    ["physical", "select pg_create_physical_replication_slot($1)"],
    ["of another plugin", "select pg_create_logical_replication_slot($1, 'test_decoding')"],
  ])("halts at a slot that is %s", async (_, create) => {
    await outbox.query(create, [outbox.slot]);
    const error = await outbox.refusal();
    expect(error).toMatchObject({ code: "CONFIG_SLOT", remedy: "halt" });
    expect(error.message).toContain(outbox.slot);
  });

  it("halts at a slot of another database", async () => {
    const other = await createDatabase("other", server.url);
    const client = await outbox.session(other.url);
    await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [outbox.slot]);
    await client.end();
    const error = await outbox.refusal();
    await outbox.query("select pg_drop_replication_slot($1)", [outbox.slot]);
    await other.drop();
    expect(error).toMatchObject({ code: "CONFIG_SLOT", remedy: "halt" });
    expect(error.message).toContain(other.name);
  });

  it("halts at a slot whose WAL was removed, which preflight leaves to those who know the checkpoint", async () => {
    await outbox.createSlot();
    await outbox.query("create table filler (x text)");
    await until(
      async () => {
        await outbox.query(
          "insert into filler select repeat('x', 1000) from generate_series(1, 8000)",
        );
        await outbox.query("select pg_switch_wal()");
        await outbox.query("checkpoint");
        const [row] = await outbox.query<{ status: string }>(
          "select wal_status as status from pg_replication_slots where slot_name = $1",
          [outbox.slot],
        );
        return row?.status === "lost";
      },
      20_000,
      "the slot to be lost",
    );
    expect(await outbox.refusal()).toMatchObject({ code: "GAP_SLOT_INVALID", remedy: "halt" });
    const database = outbox.database();
    expect(await database.slot(NEVER)).toMatchObject({ walStatus: "lost", restartLsn: null });
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT]);
  });

  it("finds nothing wrong with a good database, and creates the slot only once", async () => {
    const database = outbox.database({ slotFailover: "auto" });
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT]);
    await database.createSlot(NEVER);
    await database.createSlot(NEVER);
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT]);
    expect(await database.slot(NEVER)).toMatchObject({
      name: outbox.slot,
      plugin: "pgoutput",
      temporary: false,
      active: false,
      activePid: null,
      walStatus: "reserved",
      invalidationReason: null,
    });
  });

  it("finds a table outside of its publication, and a generated column that is not published", async () => {
    const database = outbox.database();
    const found = [expect.objectContaining({ code: "CONFIG_PUBLICATION", severity: "halt" })];
    await outbox.query(`alter publication ${outbox.publication} drop table outbox`);
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT, ...found]);
    await outbox.query(`alter publication ${outbox.publication} add table outbox`);
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT]);
    await outbox.query("alter table outbox drop column type");
    await outbox.query("alter table outbox add type text generated always as ('placed') stored");
    expect(await database.preflight(NEVER)).toEqual([TINY_LIMIT, ...found]);
  });

  it("asks for bytea in binary, and only then", async () => {
    await outbox.query("alter table outbox alter payload type bytea using null");
    await outbox.stream(handlers);
    await outbox.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('o', 'k', 't', '\\x00ff')",
    );
    await handlers.untilInserts(1);
    expect(handlers.rows[0]?.[4]).toBe("b:00ff");
  });

  it("stays with text when a column's binary form is not known", async () => {
    await outbox.query("alter table outbox alter payload type bytea using null");
    await outbox.query("alter table outbox alter aggregateid type numeric using 1");
    await outbox.stream(handlers);
    await outbox.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('o', 1.50, 't', '\\x00ff')",
    );
    await handlers.untilInserts(1);
    expect(handlers.rows[0]?.slice(2)).toEqual(["1.50", "t", "\\x00ff"]);
  });
});
