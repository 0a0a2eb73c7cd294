import type { Ask } from "./preflight/read-facts.ts";

/** The server's version as a number: 180001 for 18.1. */
export async function serverVersion(ask: Ask): Promise<number> {
  const [server] = await ask<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
    [],
  );
  return server?.version ?? 0;
}
