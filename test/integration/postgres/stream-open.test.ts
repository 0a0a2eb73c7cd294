import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { until } from "../../support/until.ts";
import { OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;
let handlers: RecordingHandlers;

beforeEach(async () => {
  outbox = await OutboxDatabase.create();
  handlers = new RecordingHandlers();
});

afterEach(async () => {
  await outbox.drop();
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
    const cases = [
      [`127.0.0.1:${port}`, "ECONNREFUSED"],
      ["no-such-host.invalid:5432", "E"],
    ] as const;
    for (const [address, reason] of cases) {
      const connectionString = `postgres://postgres:secret-word@${address}/postgres`;
      const error = await outbox.refusal({ connectionString });
      expect(error).toMatchObject({ code: "POSTGRES_UNREACHABLE", remedy: "retry" });
      expect(error.message).toContain(`${address} (${reason}`);
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
    expect(() =>
      outbox.source({ connectionString: "postgres://u:secret-word@:no port/%zz" }),
    ).toThrow(
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
