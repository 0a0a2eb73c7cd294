import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { CleanUps } from "./clean-ups.ts";
import { connect } from "./connection.ts";
import { ConsumerGroup, GROUPS } from "./consumer-group.ts";
import { SHOP_SQL } from "./shop.ts";

const SLOT_DEADLINE_MS = 10_000;

/** A database of the demo's own, so that it can run on any server; dropped with its slot in the end. */
export async function createShopDatabase(
  serverUrl: string,
  name: string,
  cleanUps: CleanUps,
): Promise<string> {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await once(serverUrl, (owner) => owner.query(`create database ${name}`));
  cleanUps.add("the database", () => once(serverUrl, (owner) => drop(owner, name)));
  await once(url.href, async (client) => {
    await client.query(SHOP_SQL);
    for (const group of GROUPS) await client.query(ConsumerGroup.inboxSql(group));
  });
  return url.href;
}

async function once(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = await connect(url, () => undefined); // Its queries fail as well.
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** The slot of a relay that was killed stays in use until the server has noticed. */
async function drop(owner: pg.Client, name: string): Promise<void> {
  const endMs = performance.now() + SLOT_DEADLINE_MS;
  const ofSlot = "from pg_replication_slots where slot_name = $1";
  for (;;) {
    await owner.query(`select pg_terminate_backend(active_pid) ${ofSlot} and active`, [name]);
    await owner.query(`select pg_drop_replication_slot(slot_name) ${ofSlot} and not active`, [
      name,
    ]);
    const { rows } = await owner.query(`select ${ofSlot}`, [name]);
    if (rows.length === 0 || performance.now() > endMs) break;
    await delay(50);
  }
  await owner.query(`drop database ${name} with (force)`);
}
