/**
 * Hands on TCP connections and delays what goes each way, so that a round trip takes MS longer; nothing else changes.
 * A process of its own. Usage: node bench/servers/delay-proxy.ts LISTEN_PORT TARGET_PORT MS
 */
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";

const [listenPort = 0, targetPort = 0, roundTripMs = 0] = process.argv.slice(2).map(Number);
// Timers count in whole ms: the odd one goes to the answers.
const thereMs = Math.floor(roundTripMs / 2);
const backMs = roundTripMs - thereMs;

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const broker = connect({
    port: targetPort,
    host: "127.0.0.1",
    noDelay: true,
    allowHalfOpen: true,
  });
  delayed(client, broker, thereMs);
  delayed(broker, client, backMs);
});
server.listen(listenPort, "127.0.0.1", () => process.stdout.write("ready\n"));
process.stdin.resume().on("end", () => process.exit(0));

/** A long line holds as much as is sent: there is no back pressure, as the bytes in flight on a real one. */
function delayed(from: Socket, to: Socket, ms: number): void {
  from.on("data", (chunk) => {
    setTimeout(() => to.writable && to.write(chunk), ms);
  });
  from.on("end", () => setTimeout(() => to.end(), ms));
  from.on("error", () => to.destroy());
  from.on("close", () => setTimeout(() => to.destroy(), ms));
}
