import type { Environment } from "../config/environment.ts";
import type { Listen } from "../config/kinds-of-names.ts";
import { loadConfig } from "../config/load.ts";
import { configured } from "./configured.ts";
import { PROCESS_OUTPUT as OUTPUT } from "./output.ts";
import { parseStatus, showStatus } from "./status.ts";

/** `outbox-relay status`: needs one setting at most, wherever it runs. */
export async function status(argv: readonly string[], env: Environment): Promise<number> {
  const command = parseStatus(argv, OUTPUT);
  if (typeof command === "number") return command;
  const { url, isJson } = command;
  if (url !== undefined) return showStatus(url, isJson, OUTPUT);
  const { RELAY_HTTP_LISTEN, RELAY_HTTP_LISTEN_FILE } = env;
  const unused = { KAFKA_BROKERS: "localhost:9092", DATABASE_URL: "postgres://localhost/none" };
  return configured(
    () => loadConfig({ ...unused, RELAY_HTTP_LISTEN, RELAY_HTTP_LISTEN_FILE }),
    ({ config }) => showStatus(localUrl(config.http.listen), isJson, OUTPUT),
  );
}

/** Who listens on every address is found on this host's own. */
export function localUrl({ host, port }: Listen): string {
  if (host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  if (host === "::") return `http://[::1]:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
