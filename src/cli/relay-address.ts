import type { Environment } from "../config/environment.ts";
import type { Listen } from "../config/kinds-of-names.ts";
import { loadConfig } from "../config/load.ts";
import type { RelayAddress } from "./status.ts";

/** Settings that say where a relay of this host listens, and who may ask it. */
const NAMES = [
  "RELAY_HTTP_LISTEN",
  "RELAY_HTTP_AUTH_USERNAME",
  "RELAY_HTTP_AUTH_PASSWORD",
] as const;

/** Where the relay of this host listens; of its settings only those about HTTP count. Throws ConfigError. */
export function relayAddress(env: Environment, url: string | undefined): RelayAddress {
  const own = NAMES.flatMap((name) => [name, `${name}_FILE`]).map((name) => [name, env[name]]);
  // The rest of the settings has to be there, and is not used.
  const unused = { KAFKA_BROKERS: "localhost:9092", DATABASE_URL: "postgres://localhost/none" };
  const { config } = loadConfig({ ...unused, ...Object.fromEntries(own) });
  const { listen, auth } = config.http;
  const { username, password } = auth;
  const credentials = username === null || password === null ? null : { username, password };
  return { url: url ?? localUrl(listen), credentials };
}

/** Who listens on every address is found on this host's own. */
export function localUrl({ host, port }: Listen): string {
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (host === "::") return `http://[::1]:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
