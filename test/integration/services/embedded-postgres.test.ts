import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PostgresMajor } from "../../../src/demo/services/postgres-binaries.ts";
import { withClient } from "../../support/services.ts";

const MAJORS: readonly PostgresMajor[] = [14, 15, 16, 17, 18];

async function show(url: string, setting: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query("select current_setting($1) as value", [setting]);
    return (rows as { value: string }[])[0]?.value ?? "";
  });
}

describe("an embedded Postgres", () => {
  let server: PostgresServer | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  it.each(MAJORS)("of major %d has logical WAL and takes settings", async (major) => {
    server = await startPostgres({ major, settings: { wal_sender_timeout: "3s" } });
    expect(await show(server.url, "server_version")).toMatch(new RegExp(`^${major}\\.`));
    expect(await show(server.url, "wal_level")).toBe("logical");
    expect(await show(server.url, "wal_sender_timeout")).toBe("3s");
  });

  it("keeps port and data over a fast and an immediate stop, and says how long the fast one took", async () => {
    server = await startPostgres();
    const { url } = server;
    await withClient(url, (client) => client.query("create table kept as select 42 as answer"));
    expect(await server.stopFast()).toBeGreaterThan(0);
    expect(server.pid).toBeUndefined();
    await expect(withClient(url, (client) => client.query("select 1"))).rejects.toThrow(
      "ECONNREFUSED",
    );
    await server.start();
    await server.stopImmediate();
    await server.start();
    const kept = await withClient(url, (client) => client.query("select answer from kept"));
    expect(kept.rows).toEqual([{ answer: 42 }]);
    expect(server.url).toBe(url);
  });

  it("leaves no data behind", async () => {
    server = await startPostgres();
    const folder = await show(server.url, "data_directory");
    expect(existsSync(folder)).toBe(true);
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });

  it("says what is wrong with a setting instead of waiting, and leaves nothing behind", async () => {
    await expect(startPostgres({ settings: { wal_level: "nonsense" } })).rejects.toThrow(
      /invalid value for parameter "wal_level"/,
    );
  });
});
