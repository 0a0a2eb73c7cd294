import { execFile } from "node:child_process";
import { chown, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { withClient } from "../services.ts";

/** A standby that streams from `primary` through the physical slot `slot`, and copies the slots that fail over (17 and later). */
export async function startStandby(primary: PostgresServer, slot: string): Promise<PostgresServer> {
  const { hostname, port, username, password } = new URL(primary.url);
  const standby = await startPostgres({
    settings: {
      primary_conninfo: `host=${hostname} port=${port} user=${username} password=${password} dbname=postgres`,
      primary_slot_name: slot,
      hot_standby_feedback: "on",
      sync_replication_slots: "on",
    },
  });
  const folder = await dataFolder(standby.url);
  await standby.stopImmediate();
  await copyData(primary, slot, folder);
  await standby.start();
  return standby;
}

async function dataFolder(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    return rows[0]?.folder ?? "";
  });
}

/** A base backup by hand, as npm's binaries have no pg_basebackup. The copy's slots are left out, as it does. */
async function copyData(primary: PostgresServer, slot: string, to: string): Promise<void> {
  const from = await dataFolder(primary.url);
  await withClient(primary.url, async (client) => {
    await client.query("select pg_create_physical_replication_slot($1, true)", [slot]);
    await client.query("select pg_backup_start('standby', true)");
    for (const name of await readdir(to)) await rm(join(to, name), { recursive: true });
    await promisify(execFile)("cp", ["-a", `${from}/.`, to]);
    const { rows } = await client.query<{ label: string }>(
      "select labelfile as label from pg_backup_stop(false)",
    );
    for (const name of ["postmaster.pid", "postmaster.opts"]) await rm(join(to, name));
    for (const name of await readdir(join(to, "pg_replslot"))) {
      await rm(join(to, "pg_replslot", name), { recursive: true });
    }
    await writeOwn(join(to, "backup_label"), rows[0]?.label ?? "");
    await writeOwn(join(to, "standby.signal"), "");
  });
}

/** Postgres reads only what its own user owns. */
async function writeOwn(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  const { uid, gid } = await stat(join(path, ".."));
  await chown(path, uid, gid);
}
