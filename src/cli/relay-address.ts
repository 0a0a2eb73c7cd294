import type { Environment } from "../config/environment.ts";
import type { Listen } from "../config/kinds-of-names.ts";
import { loadConfig } from "../config/load.ts";
import { settings } from "../config/schema.ts";
import { allSettings } from "../config/setting.ts";
import type { RelayAddress } from "./status.ts";

/** Where the relay of this host listens; of its settings only those about HTTP count. Throws ConfigError. */
export function relayAddress(env: Environment, url: string | undefined): RelayAddress {
  const names = allSettings(settings.http).map(({ setting }) => setting.env);
  const own = names.flatMap((name) => [name, `${name}_FILE`]).map((name) => [name, env[name]]);
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
