import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FaultProxy } from "../../support/chaos/fault-proxy.ts";
import { until } from "../../support/until.ts";

/** A client of an echo server behind the proxy. */
class Client {
  readonly socket: Socket;
  received = "";
  isReset = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (piece: Buffer) => {
      this.received += piece.toString();
    });
    this.socket.on("error", () => {
      this.isReset = true;
    });
  }

  async hears(text: string): Promise<void> {
    await until(
      () => this.received === text,
      5_000,
      () => `${text}, heard ${this.received}`,
    );
  }
}

const proxy = { current: new FaultProxy() };
let server: Server;
let client: Client;

beforeEach(async () => {
  server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.current = new FaultProxy();
  const port = await proxy.current.start();
  proxy.current.forwardTo({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  client = new Client(port);
  client.socket.write("hello");
  await client.hears("hello");
});

afterEach(async () => {
  client.socket.destroy();
  await proxy.current.stop();
  server.close();
});

async function reset(): Promise<void> {
  await until(() => client.isReset, 5_000, "the connection to be reset");
}

describe("a fault proxy", () => {
  it("resets connections when it is told to cut, and takes new ones", async () => {
    proxy.current.cut();
    await reset();
    const next = new Client(proxy.current.port);
    next.socket.write("again");
    await next.hears("again");
    next.socket.destroy();
    expect(proxy.current.cuts).toBe(1);
  });

  it("cuts after exactly so many bytes", async () => {
    proxy.current.cutAfter(4, "to-client");
    client.socket.write("abcdefgh");
    await reset();
    expect(client.received).toBe("helloabcd");
  });

  it("lets one direction fall silent without a word, and resets such connections when it heals", async () => {
    proxy.current.silence("to-client");
    client.socket.write("lost");
    const other = new Client(proxy.current.port);
    await until(
      () => proxy.current.connections === 2,
      5_000,
      "a connection to be taken all the same",
    );
    expect([client.isReset, client.received]).toEqual([false, "hello"]);
    proxy.current.heal();
    await reset();
    other.socket.destroy();
  });

  it("keeps the order and every byte when it delays and throttles", async () => {
    proxy.current.delay(30);
    proxy.current.throttle(200_000);
    const text = Array.from({ length: 5_000 }, (_, i) => `${i},`).join("");
    const startedMs = performance.now();
    client.socket.write(text);
    await client.hears(`hello${text}`);
    expect(performance.now() - startedMs).toBeGreaterThan(100);
  });

  it("refuses new connections and keeps the old ones", async () => {
    proxy.current.refuse();
    const other = new Client(proxy.current.port);
    await until(() => other.isReset, 5_000, "the new connection to be reset");
    client.socket.write("!");
    await client.hears("hello!");
  });
});
