import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { InvariantError, RelayError } from "../../../src/relay/errors.ts";
import { LSN_ZERO, lsn } from "../../../src/relay/lsn.ts";
import { until } from "../../support/until.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;
let handlers: RecordingHandlers;

beforeEach(async () => {
  outbox = await OutboxDatabase.create();
  handlers = new RecordingHandlers();
});

afterEach(async () => {
  await outbox.drop();
});

describe("a replication stream", () => {
  it("hands nothing over before it is resumed", async () => {
    await outbox.createSlot();
    const stream = await outbox.source().open(handlers, NEVER);
    await outbox.insert(500);
    const [end] = await outbox.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn");
    await until(
      async () =>
        (
          await outbox.query(
            `select from pg_stat_replication join pg_replication_slots on active_pid = pid
              where slot_name = $1 and sent_lsn >= $2::pg_lsn`,
            [outbox.slot, end?.lsn],
          )
        ).length > 0,
      5_000,
      "the rows to be sent",
    );
    expect(handlers.inserts).toEqual([]);
    stream.resume();
    await handlers.untilInserts(500);
    await stream.close();
  });

  it("hands over every byte as it was inserted, while the driver uses its buffers again", async () => {
    await outbox.stream(handlers);
    await outbox.query(
      `insert into outbox (aggregatetype, aggregateid, type, payload)
       select 'order', g::text, md5(g::text), to_jsonb(repeat(md5(g::text), 1 + g * 7919 % 90))
         from generate_series(1, 3000) g`,
    );
    await handlers.untilInserts(3_000);
    const expected = await outbox.query<{ row: string[] }>(
      "select array[id::text, aggregatetype, aggregateid, type, payload::text] as row from outbox order by id",
    );
    expect(handlers.rows).toEqual(expected.map(({ row }) => row));
  });

  it("tells the end of a read after the messages of that read", async () => {
    await outbox.stream(handlers);
    await outbox.insert(1);
    await until(
      () => /m+[ek]*e/.test(handlers.order),
      5_000,
      () => handlers.order,
    );
  });

  it("hands over keepalives, and says when one wants an answer", async () => {
    const stream = await outbox.stream(handlers, { walSenderTimeoutMs: 1_000 });
    expect(stream.identity.walSenderTimeoutMs).toBe(1_000);
    await until(
      () => handlers.keepalives.some(({ replyRequested }) => replyRequested),
      5_000,
      "a keepalive that asks",
    );
    expect(handlers.keepalives.every(({ walEnd }) => walEnd > LSN_ZERO)).toBe(true);
  });

  it("is cut by the server when nobody answers for wal_sender_timeout", async () => {
    await outbox.stream(handlers, { walSenderTimeoutMs: 1_000, deadManMs: 0 });
    expect(await handlers.untilClosed()).toMatchObject({ remedy: "retry" });
  });

  it("outlives a pause longer than wal_sender_timeout and the role's time-outs, as long as status is sent", async () => {
    const { name, url } = await outbox.role("replication");
    for (const timeout of ["transaction", "statement", "idle_session", "lock"]) {
      await outbox.query(`alter role ${name} set ${timeout}_timeout = 500`);
    }
    const stream = await outbox.stream(handlers, {
      walSenderTimeoutMs: 1_000,
      connectionString: url,
    });
    await outbox.insert(1);
    await handlers.untilInserts(1);
    stream.pause();
    await outbox.insert(20_000, JSON.stringify("x".repeat(300)));
    const resumeAt = performance.now() + 4_000;
    await until(
      () => {
        stream.sendStatus({ received: LSN_ZERO, confirmed: LSN_ZERO });
        return performance.now() > resumeAt;
      },
      6_000,
      "four seconds of pause",
    );
    expect(handlers.inserts.length).toBeLessThan(5_000);
    stream.resume();
    await handlers.untilInserts(20_001);
    expect(handlers.closedWith).toEqual([]);
  });

  it("leaves the slot alone while zero is confirmed, and never takes a position back", async () => {
    const stream = await outbox.stream(handlers);
    const before = await outbox.confirmedLsn();
    await outbox.insert(1);
    await handlers.untilInserts(1);
    const first = handlers.lastCommitEnd;
    stream.sendStatus({ received: first, confirmed: LSN_ZERO });
    stream.sendStatus({ received: first, confirmed: LSN_ZERO });
    expect(await outbox.confirmedLsn()).toBe(before);
    stream.sendStatus({ received: first, confirmed: first });
    stream.sendStatus({ received: first, confirmed: LSN_ZERO });
    await until(async () => (await outbox.confirmedLsn()) !== before, 5_000, "a new position");
    await stream.close();
    const again = new RecordingHandlers();
    await outbox.stream(again);
    await outbox.insert(1);
    await again.untilInserts(1);
    expect(again.rows[0]?.[0]).toBe("2");
  });

  it("refuses to confirm what the server never announced", async () => {
    const stream = await outbox.stream(handlers);
    const before = await outbox.confirmedLsn();
    const future = lsn(stream.identity.xlogPos + 0x40000000n);
    expect(() => stream.sendStatus({ received: future, confirmed: future })).toThrow(
      InvariantError,
    );
    await stream.close();
    expect(await outbox.confirmedLsn()).toBe(before);
  });

  it("reports a killed walsender once, after the last message, and nothing follows", async () => {
    const stream = await outbox.stream(handlers);
    await outbox.insert(3);
    await handlers.untilInserts(3);
    await outbox.query(
      "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1",
      [outbox.slot],
    );
    expect(await handlers.untilClosed()).toMatchObject({
      code: "POSTGRES_UNAVAILABLE",
      remedy: "retry",
    });
    stream.sendStatus({ received: LSN_ZERO, confirmed: LSN_ZERO });
    stream.pause();
    stream.resume();
    await stream.close();
    expect(handlers.order.endsWith("c")).toBe(true);
    expect(handlers.closedWith).toHaveLength(1);
  });

  it("ends when a handler throws, hands nothing more over, and the slot still has the row", async () => {
    const failing = new RecordingHandlers();
    failing.message = (bytes) => {
      RecordingHandlers.prototype.message.call(failing, bytes);
      if (failing.inserts.length === 2) throw new TypeError("cannot take this");
    };
    await outbox.stream(failing);
    await outbox.insert(5);
    const error = await failing.untilClosed();
    expect(error).toMatchObject({ code: "STREAM_HANDLER", remedy: "halt" });
    expect(error.cause).toBeInstanceOf(TypeError);
    await until(async () => !(await outbox.isActive()), 5_000, "the slot to be free");
    expect(failing.inserts).toHaveLength(2);
    await outbox.stream(handlers);
    await handlers.untilInserts(5);
  });

  it("passes on a RelayError that a handler throws as it is", async () => {
    const thrown = new RelayError("no", { code: "COLUMN_MISSING", remedy: "halt", hint: "" });
    handlers.readEnd = () => {
      throw thrown;
    };
    await outbox.stream(handlers);
    await outbox.insert(1);
    expect(await handlers.untilClosed()).toBe(thrown);
  });

  it("frees the slot at once when it is closed, even in the middle of a big transaction", async () => {
    const stream = await outbox.stream(handlers);
    await outbox.insert(60_000, JSON.stringify("x".repeat(500)));
    await handlers.untilInserts(100);
    stream.pause();
    const startedMs = performance.now();
    await stream.close();
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(await outbox.isActive()).toBe(false);
    await stream.close();
    expect(handlers.closedWith).toEqual([]);
  });

  it("has its last status taken in before it is closed", async () => {
    const stream = await outbox.stream(handlers);
    await outbox.insert(1);
    await handlers.untilInserts(1);
    stream.sendStatus({ received: handlers.lastCommitEnd, confirmed: handlers.lastCommitEnd });
    await stream.close();
    const again = new RecordingHandlers();
    await outbox.stream(again);
    await outbox.insert(1);
    await again.untilInserts(1);
    expect(again.rows).toHaveLength(1);
  });

  it("is asked for with publication names that need quotes", async () => {
    const odd = `O'Brien "s, pub`;
    await outbox.query(`create publication "${odd.replaceAll('"', '""')}" for table outbox`);
    await outbox.stream(handlers, { publications: [odd, outbox.publication] });
    await outbox.insert(1);
    await handlers.untilInserts(1);
    expect(handlers.rows).toHaveLength(1);
  });
});
