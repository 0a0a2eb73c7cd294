import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
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
    await outbox.insert(1);
    const stream = await outbox.source().open(handlers, NEVER);
    await outbox.insert(5_000);
    // Whatever was in the answer's own packet may come; thousands of rows may not.
    expect(handlers.inserts.length).toBeLessThan(500);
    stream.resume();
    await handlers.untilInserts(5_001);
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
    await until(() => /m+[ek]*e/.test(handlers.order), 5_000, () => handlers.order);
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

  it("outlives a pause longer than wal_sender_timeout as long as status is sent", async () => {
    const stream = await outbox.stream(handlers, { walSenderTimeoutMs: 1_000 });
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

  it("refuses to confirm what the server never told of", async () => {
    const stream = await outbox.stream(handlers);
    const before = await outbox.confirmedLsn();
    const future = lsn(stream.identity.xlogPos + 0x40000000n);
    expect(() => stream.sendStatus({ received: future, confirmed: future })).toThrow(InvariantError);
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
  });
});

describe("opening a stream", () => {
  const withUser = (user: string, password: string): string => {
    const url = new URL(outbox.url);
    url.username = user;
    url.password = password;
    return url.href;
  };

  it("halts at a wrong password without repeating it", async () => {
    const error = await outbox.refusal({ connectionString: withUser("postgres", "not-the-word") });
    expect(error).toMatchObject({ code: "POSTGRES_AUTHENTICATION", remedy: "halt" });
    expect(error.message + error.hint).not.toContain("not-the-word");
  });

  it("halts at a database that does not exist", async () => {
    const url = new URL(outbox.url);
    url.pathname = "/nowhere";
    const error = await outbox.refusal({ connectionString: url.href });
    expect(error).toMatchObject({ code: "POSTGRES_DATABASE_MISSING", remedy: "halt" });
    expect(error.message).toContain("nowhere");
  });

  it("halts for a role that may not replicate", async () => {
    const { url } = await outbox.role("");
    const error = await outbox.refusal({ connectionString: url });
    expect(error).toMatchObject({ code: "POSTGRES_PERMISSION", remedy: "halt" });
    expect(error.hint).toContain("REPLICATION");
  });

  it("retries when nobody listens, and when the host has no address", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    for (const address of [`127.0.0.1:${port}`, "no-such-host.invalid:5432"]) {
      const connectionString = `postgres://postgres:secret-word@${address}/postgres`;
      const error = await outbox.refusal({ connectionString });
      expect(error).toMatchObject({ code: "POSTGRES_UNREACHABLE", remedy: "retry" });
      expect(error.message).toContain(address);
      expect(error.message + error.hint).not.toContain("secret-word");
    }
  });

  it("retries when the server accepts and then says nothing", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const connectionString = `postgres://postgres:x@127.0.0.1:${port}/postgres`;
    const error = await outbox.refusal({ connectionString, connectTimeoutMs: 300 });
    silent.close();
    expect(error).toMatchObject({ code: "POSTGRES_UNREACHABLE", remedy: "retry" });
    expect(error.message).toContain("300 ms");
  });

  it("is given up when its signal is aborted, before and during", async () => {
    await outbox.createSlot();
    const before = outbox.source().open(handlers, AbortSignal.abort());
    await expect(before).rejects.toMatchObject({ code: "ABORTED", remedy: "retry" });
    const abort = new AbortController();
    const during = outbox.source().open(handlers, abort.signal);
    abort.abort();
    await expect(during).rejects.toMatchObject({ code: "ABORTED" });
    await until(async () => !(await outbox.isActive()), 5_000, "the slot to be free");
  });

  it("refuses a connection string it cannot read, without repeating it", () => {
    expect(() => outbox.source({ connectionString: "postgres://u:secret-word@:no port/%zz" })).toThrow(
      expect.objectContaining({
        code: "CONFIG_DATABASE_URL",
        message: expect.not.stringContaining("secret-word"),
      }),
    );
  });

  it("overrules what the connection string asks of the session", async () => {
    const url = new URL(outbox.url);
    url.searchParams.set("options", "-c bytea_output=escape");
    url.searchParams.set("application_name", "else");
    await outbox.stream(handlers, { connectionString: url.href });
    const [row] = await outbox.query<{ name: string }>(
      "select application_name as name from pg_stat_replication where pid = (select active_pid from pg_replication_slots where slot_name = $1)",
      [outbox.slot],
    );
    expect(row?.name).toBe("relay:test");
  });
});

describe("a link that goes dead without a word", () => {
  let proxy: Server;
  let sockets: Socket[];
  let isDead: boolean;

  beforeEach(async () => {
    sockets = [];
    isDead = false;
    const { hostname, port } = new URL(outbox.url);
    // Half-open, so that not even our farewell is answered.
    proxy = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
      near.on("data", (bytes) => isDead || far.write(bytes));
      far.on("data", (bytes) => isDead || near.write(bytes));
      for (const socket of [near, far]) {
        sockets.push(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => isDead || (near.destroy(), far.destroy()));
      }
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
  });

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  function throughProxy(): string {
    const url = new URL(outbox.url);
    url.port = String((proxy.address() as AddressInfo).port);
    return url.href;
  }

  it("is given up after deadManMs, but not while it only is quiet", async () => {
    await outbox.stream(handlers, { connectionString: throughProxy(), deadManMs: 800 });
    const quietUntil = performance.now() + 2_000;
    await until(() => performance.now() > quietUntil, 3_000, "two quiet seconds");
    expect(handlers.closedWith).toEqual([]);
    isDead = true;
    const error = await handlers.untilClosed();
    expect(error).toMatchObject({ code: "POSTGRES_UNREACHABLE", remedy: "retry" });
    expect(error.message).toContain("silent");
  });

  it("is not judged while reading is paused", async () => {
    const stream = await outbox.stream(handlers, {
      connectionString: throughProxy(),
      deadManMs: 400,
    });
    stream.pause();
    isDead = true;
    const pausedUntil = performance.now() + 1_500;
    await until(() => performance.now() > pausedUntil, 3_000, "a pause of 1.5 s");
    expect(handlers.closedWith).toEqual([]);
    stream.resume();
    await handlers.untilClosed();
  });

  it("does not hold up closing for long", async () => {
    const stream = await outbox.stream(handlers, { connectionString: throughProxy() });
    isDead = true;
    const startedMs = performance.now();
    await stream.close();
    expect(performance.now() - startedMs).toBeGreaterThan(1_000);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });
});
