import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FakeListener } from "../../support/brokers/fake-listener.ts";
import { OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;
let handlers: RecordingHandlers;
let proxy: FakeListener;
/** The relay's ends of the connections through the proxy. */
let near: Socket[];

beforeEach(async () => {
  outbox = await OutboxDatabase.create();
  handlers = new RecordingHandlers();
  near = [];
  const { hostname, port } = new URL(outbox.url);
  proxy = await FakeListener.start((socket) => {
    near.push(socket);
    const far = connect({ port: Number(port), host: hostname });
    far.on("error", () => undefined);
    socket.pipe(far).pipe(socket);
  });
});

afterEach(async () => {
  await proxy.close();
  await outbox.drop();
});

/** CopyData that says it has that many bytes. */
function copyData(length: number, body: readonly number[] = []): Buffer {
  const head = Buffer.from([0x64, 0, 0, 0, 0, ...body]);
  head.writeInt32BE(length, 1);
  return head;
}

describe("a stream into which somebody writes", () => {
  it.each([
    ["a length below its own", [copyData(-1)]],
    [
      "a length below zero, in two reads",
      [copyData(-2_147_483_648).subarray(0, 3), copyData(-2_147_483_648).subarray(3)],
    ],
    ["a length that no server sends", [copyData(2_147_483_646)]],
    ["an error that does not end", [Buffer.from([0x45, 0, 0, 0, 6, 0x53, 0x58])]],
  ])("ends with a named error at %s", async (_, pieces) => {
    const url = new URL(outbox.url);
    url.port = String(proxy.port);
    await outbox.stream(handlers, { connectionString: url.href });
    await outbox.insert(1);
    await handlers.untilInserts(1);
    for (const piece of pieces) {
      const socket = near.at(-1);
      await new Promise<void>((resolve) => {
        socket?.write(piece, () => setImmediate(resolve));
      });
    }
    expect(await handlers.untilClosed()).toMatchObject({
      code: "POSTGRES_PROTOCOL",
      remedy: "retry",
    });
    expect(handlers.closedWith).toHaveLength(1);
  });
});
