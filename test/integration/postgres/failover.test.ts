import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import pg from "pg";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { until } from "../../support/services.ts";
import type { Options } from "./outbox-database.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;

async function findings(
  slotFailover: boolean | "auto",
  options: Partial<Options> = {},
): Promise<readonly Finding[]> {
  return outbox.database({ slotFailover, ...options }).preflight(NEVER);
}

async function replicationSession(): Promise<pg.Client> {
  const config = { connectionString: outbox.url, replication: "database" };
  const client = new pg.Client(config as pg.ClientConfig);
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** A standby as the primary sees one: a walsender that sends WAL from a physical slot. */
async function standby(slot: string): Promise<pg.Client> {
  await outbox.query("select pg_create_physical_replication_slot($1, true)", [slot]);
  const [end] = await outbox.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn");
  const client = await replicationSession();
  client.query(`START_REPLICATION SLOT ${slot} PHYSICAL ${end?.lsn}`).catch(() => undefined);
  await untilActive(slot, true);
  return client;
}

async function untilActive(slot: string, active: boolean): Promise<void> {
  await until(
    async () => {
      const [row] = await outbox.query<{ active: boolean }>(
        "select active from pg_replication_slots where slot_name = $1",
        [slot],
      );
      return row?.active === active;
    },
    10_000,
    `slot ${slot} to be ${active ? "in use" : "free"}`,
  );
}

async function waitFor(slots: string): Promise<void> {
  await outbox.query(`alter system set synchronized_standby_slots = '${slots}'`);
  await outbox.query("select pg_reload_conf()");
}

async function untilFound(
  slotFailover: boolean | "auto",
  message: RegExp | null,
): Promise<readonly Finding[]> {
  let found: readonly Finding[] = [];
  await until(
    async () => {
      found = await findings(slotFailover);
      return message === null ? found.length === 0 : message.test(found[0]?.message ?? "");
    },
    10_000,
    () => `${message}, found ${JSON.stringify(found)}`,
  );
  return found;
}

describe.each([17, 18] as const)("a slot on Postgres %i", (major) => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres({ major, settings: { wal_sender_timeout: "1min" } });
  });

  afterAll(async () => {
    await server.stop();
  });

  beforeEach(async () => {
    outbox = await OutboxDatabase.create(server.url);
  });

  afterEach(async () => {
    await outbox.drop();
  });

  it("without failover is nothing to speak of on a single server, and refused where failover was asked for", async () => {
    await outbox.createSlot();
    expect(await findings("auto")).toEqual([]);
    expect(await findings(false)).toEqual([]);
    const [fault] = await findings(true);
    expect(fault).toMatchObject({ code: "CONFIG_SLOT", severity: "halt" });
    const command = /-c '([^']+)'/.exec(fault?.hint ?? "")?.[1] ?? "";
    const client = await replicationSession();
    await client.query(command);
    await client.end();
    expect(await findings(true)).toEqual([]);
  });

  it("is warned of as long as a standby may lack what is published, or the outbox waits for one that is away", async () => {
    const database = outbox.database({ slotFailover: "auto" });
    await database.createSlot(NEVER);
    expect(await findings("auto")).toEqual([]);
    expect(await database.failoverGap(NEVER)).toBe("no standby is connected");
    const other = await standby("sb1");
    const [ahead] = await findings("auto");
    expect(ahead).toMatchObject({ code: "CONFIG_STANDBY_SLOTS", severity: "warning" });
    expect(ahead?.hint).toContain("synchronized_standby_slots = 'sb1'");
    await waitFor("sb1");
    await untilFound("auto", null);
    expect(await database.failoverGap(NEVER)).toBeNull();
    await other.end();
    await untilActive("sb1", false);
    await untilFound("auto", /"sb1", which no standby uses/);
    await outbox.query("select pg_drop_replication_slot('sb1')");
    await untilFound("auto", /"sb1", which does not exist/);
    await waitFor("");
    await untilFound("auto", null);
  });

  it("does not take the relay's own stream for a standby, also where the role sees little", async () => {
    const { name, url } = await outbox.role("replication");
    await outbox.query(`grant select on outbox to ${name}`);
    await outbox.createSlot();
    await outbox.stream(new RecordingHandlers(), { connectionString: url });
    expect(await findings("auto", { connectionString: url })).toEqual([]);
    const other = await standby("sb2");
    expect((await findings("auto", { connectionString: url })).map(({ code }) => code)).toEqual([
      "CONFIG_SLOT_FAILOVER",
    ]);
    await other.end();
    await untilActive("sb2", false);
    await outbox.query("select pg_drop_replication_slot('sb2')");
  });
});

describe("a slot on Postgres 16", () => {
  it("cannot fail over, which is said only to those who want it", async () => {
    const server = await startPostgres({ major: 16 });
    outbox = await OutboxDatabase.create(server.url);
    expect(await findings("auto")).toEqual([]);
    expect(await findings(true)).toEqual([
      expect.objectContaining({ code: "CONFIG_SLOT", severity: "halt" }),
    ]);
    expect(await outbox.database().failoverGap(NEVER)).toContain("Postgres 16");
    await outbox.drop();
    await server.stop();
  });
});
