import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
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
