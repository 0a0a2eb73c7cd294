import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "@jest/globals";
import { freePorts } from "../../../src/demo/services/free-ports.ts";

const PROXY = fileURLToPath(new URL("../../../bench/servers/delay-proxy.ts", import.meta.url));
const ROUND_TRIP_MS = 41;
/** A timer may fire a little before its time. */
const EARLY_MS = 2;

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function echoBehindProxy(): Promise<number> {
  const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(
    0,
    "127.0.0.1",
  );
  await once(echo, "listening");
  const target = (echo.address() as AddressInfo).port;
  const [listen = 0] = await freePorts(1);
  const proxy = spawn(process.execPath, [PROXY, listen, target, ROUND_TRIP_MS].map(String), {
    stdio: ["pipe", "pipe", "inherit"],
  });
  endings.push(
    () => proxy.kill("SIGKILL"),
    () => echo.close(),
  );
  await once(proxy.stdout, "data");
  return listen;
}

describe("the delay of the benchmark's broker", () => {
  it("makes a round trip longer by what was asked for, the odd millisecond included", async () => {
    const socket = connect({ port: await echoBehindProxy(), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    for (let i = 0; i < 3; i++) {
      const sentMs = performance.now();
      socket.write("ping");
      await once(socket, "data");
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(ROUND_TRIP_MS - EARLY_MS);
    }
    socket.destroy();
  });

  it("keeps every byte and its order, up to the end of the connection", async () => {
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251));
    const socket = connect({ port: await echoBehindProxy(), host: "127.0.0.1" });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.end(sent);
    await once(socket, "close");
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
  });
});
