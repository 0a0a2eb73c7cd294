import { isIP } from "node:net";

/** Whether a host is this machine's own by its name alone: `localhost` and the addresses of loopback. A Unix socket's folder is, too. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (name === "" || name === "localhost" || name === "::1" || name.startsWith("/")) return true;
  return isIP(name) === 4 && name.startsWith("127.");
}
