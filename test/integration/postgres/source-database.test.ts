import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { parseLsn } from "../../../src/relay/lsn.ts";
import { uniqueName, until } from "../../support/services.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

describe("the control connection", () => {
  let outbox: OutboxDatabase;

  beforeEach(async () => {
    outbox = await OutboxDatabase.create();
  });

  afterEach(async () => {
    await outbox.drop();
  });

  it("answers null without a slot, and the slot's facts with one", async () => {
    const database = outbox.database();
    expect(await database.slot(NEVER)).toBeNull();
    await database.createSlot(NEVER);
    const handlers = new RecordingHandlers();
    await outbox.stream(handlers);
    await outbox.insert(10);
    await handlers.untilInserts(10);
    const slot = await database.slot(NEVER);
    const [row] = await outbox.query<{ pid: number; lsn: string; name: string }>(
      `select active_pid as pid, confirmed_flush_lsn::text as lsn, database as name
         from pg_replication_slots where slot_name = $1`,
      [outbox.slot],
    );
    expect(slot).toMatchObject({
      active: true,
      activePid: row?.pid,
      confirmedLsn: parseLsn(row?.lsn ?? ""),
      database: row?.name,
    });
    expect(slot?.retainedBytes).toBe(Number((slot?.walEnd ?? 0n) - (slot?.restartLsn ?? 0n)));
    expect(slot?.retainedBytes).toBeGreaterThan(0);
  });

  it("runs questions that come at the same time one after the other", async () => {
    const database = outbox.database();
    const answers = await Promise.all(Array.from({ length: 20 }, () => database.slot(NEVER)));
    expect(answers.every((answer) => answer === null)).toBe(true);
    const sessions = await outbox.query(
      "select from pg_stat_activity where application_name = 'relay:test' and datname = $1",
      [outbox.slot],
    );
    expect(sessions).toHaveLength(1);
  });

  it("connects again after its session was ended, and does not take that for a shutdown", async () => {
    const database = outbox.database();
    let shutdowns = 0;
    database.onShutdown(() => {
      shutdowns += 1;
    });
    await database.slot(NEVER);
    const ended = await outbox.query<{ pid: number }>(
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'relay:test' and datname = $1`,
      [outbox.slot],
    );
    expect(ended).toHaveLength(1);
    await until(
      async () => {
        const sessions = await outbox.query<{ pid: number }>(
          "select pid from pg_stat_activity where application_name = 'relay:test' and datname = $1",
          [outbox.slot],
        );
        return sessions.some(({ pid }) => pid !== ended[0]?.pid);
      },
      5_000,
      "a new session",
    );
    expect(await database.slot(NEVER)).toBeNull();
    expect(shutdowns).toBe(0);
  });

  it("hears from another relay of this slot, and of no other, that the slot is free", async () => {
    const heard: string[] = [];
    const listener = outbox.database();
    const unsubscribe = listener.onSlotFree(() => heard.push("free"));
    await listener.slot(NEVER);
    await outbox.query(`select pg_notify('${outbox.slot}', 'something else')`);
    await outbox.query("select pg_notify('another_slot', 'slot free')");
    await outbox.database().announceSlotFree(NEVER);
    await until(() => heard.length > 0, 5_000, "the word");
    expect(heard).toEqual(["free"]);
    unsubscribe();
    await outbox.database().announceSlotFree(NEVER);
    await listener.slot(NEVER);
    expect(heard).toEqual(["free"]);
  });

  it("listens again after its session was ended", async () => {
    let heard = 0;
    const listener = outbox.database();
    listener.onSlotFree(() => {
      heard += 1;
    });
    await listener.slot(NEVER);
    listener.reconnect(null);
    await listener.slot(NEVER);
    await outbox.database().announceSlotFree(NEVER);
    await until(() => heard > 0, 5_000, "the word");
  });

  it("gives a question up when its signal is aborted, and answers the next one", async () => {
    const database = outbox.database();
    const blocker = await outbox.session();
    await blocker.query("begin");
    await blocker.query("select pg_current_xact_id()");
    const abort = new AbortController();
    const creating = database.createSlot(abort.signal);
    const outcome = creating.catch((error: unknown) => error);
    await until(
      async () =>
        (
          await outbox.query(
            "select from pg_stat_activity where application_name = 'relay:test' and wait_event_type = 'Lock'",
          )
        ).length > 0,
      5_000,
      "the creation to wait",
    );
    abort.abort();
    expect(await outcome).toMatchObject({ code: "ABORTED", remedy: "retry" });
    await blocker.query("rollback");
    expect(await database.slot(NEVER)).toBeDefined();
  });

  it("names the transaction that a slot's creation waits for", async () => {
    const database = outbox.database({ statementTimeoutMs: 500 });
    const blocker = await outbox.session();
    await blocker.query("begin");
    await blocker.query("select pg_current_xact_id()");
    const [{ pid } = { pid: 0 }] = (
      await blocker.query<{ pid: number }>("select pg_backend_pid() as pid")
    ).rows;
    await expect(database.createSlot(NEVER)).rejects.toMatchObject({
      code: "SLOT_CREATE_BLOCKED",
      remedy: "retry",
      message: expect.stringContaining(`pid ${pid}`),
    });
    await blocker.query("rollback");
    await database.createSlot(NEVER);
    expect(await database.slot(NEVER)).not.toBeNull();
  });

  it("creates a slot that fails over only when asked to", async () => {
    const failover = async (): Promise<unknown> => {
      const [row] = await outbox.query<{ failover: boolean }>(
        "select failover from pg_replication_slots where slot_name = $1",
        [outbox.slot],
      );
      await outbox.query("select pg_drop_replication_slot($1)", [outbox.slot]);
      return row?.failover;
    };
    await outbox.database().createSlot(NEVER);
    expect(await failover()).toBe(false);
    await outbox.database({ slotFailover: true }).createSlot(NEVER);
    expect(await failover()).toBe(true);
  });

  it("is closed twice without harm, and answers nothing afterwards", async () => {
    const database = outbox.database();
    await database.slot(NEVER);
    await database.close();
    await database.close();
    await expect(database.slot(NEVER)).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a server of our own", () => {
  let server: PostgresServer;
  let outbox: OutboxDatabase;

  beforeAll(async () => {
    server = await startPostgres({
      settings: { max_wal_senders: "1", max_replication_slots: "2", max_connections: "30" },
    });
  });

  afterAll(async () => {
    await server.stop();
  });

  it("without a walsender and a slot to spare is found out beforehand, and told when it happens", async () => {
    outbox = await OutboxDatabase.create(server.url);
    const handlers = new RecordingHandlers();
    await outbox.stream(handlers);
    const other = uniqueName("other");
    const database = outbox.database({ slot: other });
    await outbox.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [`${other}_2`]);
    expect(await outbox.refusal({ slot: other })).toMatchObject({
      code: "POSTGRES_TOO_MANY_CONNECTIONS",
      remedy: "retry",
    });
    const findings = await database.preflight(NEVER);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["CONFIG_SERVER_LIMITS", "halt"],
      ["CONFIG_SERVER_LIMITS", "retry"],
    ]);
    await expect(database.createSlot(NEVER)).rejects.toMatchObject({
      code: "CONFIG_SERVER_LIMITS",
      remedy: "halt",
    });
    await outbox.query("select pg_drop_replication_slot($1)", [`${other}_2`]);
    await outbox.drop();
  });

  it("that is stopped tells so while a stream holds it up, and stops once the stream lets go", async () => {
    outbox = await OutboxDatabase.create(server.url);
    const handlers = new RecordingHandlers();
    const stream = await outbox.stream(handlers);
    await outbox.insert(1);
    await handlers.untilInserts(1);
    const database = outbox.database();
    let shutdowns = 0;
    let unwanted = 0;
    database.onShutdown(() => {
      shutdowns += 1;
    });
    const unsubscribe = database.onShutdown(() => {
      unwanted += 1;
    });
    unsubscribe();
    await database.slot(NEVER);
    const stopping = server.stopFast();
    await until(() => shutdowns > 0, 10_000, "the shutdown to be told");
    expect(handlers.closedWith).toEqual([]);
    expect(await outbox.refusal()).toMatchObject({ code: "POSTGRES_UNAVAILABLE", remedy: "retry" });
    expect(await database.preflight(NEVER)).toEqual([
      expect.objectContaining({ code: "POSTGRES_UNAVAILABLE", severity: "retry" }),
    ]);
    await stream.close();
    await stopping;
    expect(shutdowns).toBe(1);
    expect(unwanted).toBe(0);
    await expect(database.slot(NEVER)).rejects.toMatchObject({
      code: "POSTGRES_UNREACHABLE",
      remedy: "retry",
    });
    await server.start();
    expect(await database.slot(NEVER)).toMatchObject({ name: outbox.slot, active: false });
    await database.close();
  });

  it("that is stopped ends a stream that has confirmed everything, to be tried again", async () => {
    outbox = await OutboxDatabase.create(server.url);
    const handlers = new RecordingHandlers();
    const stream = await outbox.stream(handlers);
    handlers.keepalive = (walEnd) => stream.sendStatus({ received: walEnd, confirmed: walEnd });
    const elapsedMs = await server.stopFast();
    expect(elapsedMs).toBeLessThan(5_000);
    expect(await handlers.untilClosed()).toMatchObject({
      code: "POSTGRES_UNAVAILABLE",
      remedy: "retry",
    });
    await server.start();
  });

  it("that crashed ends a stream to be tried again", async () => {
    outbox = await OutboxDatabase.create(server.url);
    const handlers = new RecordingHandlers();
    await outbox.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
    await outbox.stream(handlers);
    await server.stopImmediate();
    expect(await handlers.untilClosed()).toMatchObject({ remedy: "retry" });
    await server.start();
  });
});
