import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { promisify } from "node:util";

/** Ports of 127.0.0.1 that nobody listens on now, chosen by the system and all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => promisify(server.close.bind(server))()));
  return ports;
}
