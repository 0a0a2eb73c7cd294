import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { deliveryDespite, transactions } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { withClient } from "../support/services.ts";

const STUB_NAMES = new URL("../support/chaos/stub-names.ts", import.meta.url).href;
const RIGHT = "127.0.0.1";
const FOREIGN = "127.0.0.2";
const DEAD = "127.0.0.3";

let folder: string;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outbox-relay-names-"));
  fixture = await RelayFixture.create("names");
});

afterEach(async () => {
  await relay.kill();
});

afterAll(async () => {
  await fixture.close();
  await rm(folder, { recursive: true });
});

async function resolveTo(...addresses: readonly string[]): Promise<void> {
  await resolve({ "db.test": addresses });
}

async function resolve(names: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const file = join(folder, "names.json");
  await writeFile(`${file}.new`, JSON.stringify(names));
  await rename(`${file}.new`, file);
}

function byName(...names: readonly string[]): Record<string, string> {
  const url = new URL(fixture.database.url);
  const hosts = names.length === 0 ? ["db.test"] : names;
  return {
    RELAY_DATABASE_URL: url.href.replace(
      url.host,
      hosts.map((host) => `${host}:${url.port}`).join(","),
    ),
    NODE_OPTIONS: `--import=${STUB_NAMES}`,
    CHAOS_NAMES_FILE: join(folder, "names.json"),
  };
}

async function endSessions(): Promise<void> {
  await fixture.client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like 'relay:%'",
    [fixture.database.name],
  );
}

describe("a host name", () => {
  it("that does not resolve for a while is waited for, and a dead address before the right one passed over [79: L P D O R]", async () => {
    await resolveTo(RIGHT);
    relay = await fixture.streaming(byName());
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      await resolveTo();
      await endSessions();
      const { message } = await relay.reaches("starting", "POSTGRES_UNREACHABLE");
      expect(message).toContain("ENOTFOUND");
      await transactions(workload);
      await resolveTo(DEAD, RIGHT);
      await relay.reaches("streaming", null, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });

  describe("with another cluster's address before the right one", () => {
    let foreign: PostgresServer;

    beforeAll(async () => {
      const { port } = new URL(fixture.database.url);
      foreign = await startPostgres({ settings: { listen_addresses: FOREIGN, port } });
      await makeLookAlike(new URL(foreign.url));
    });

    afterAll(async () => {
      await foreign.stop();
    });

    it("halts the relay, which publishes nothing from there, and goes on when it leads back [79: H L P D O R]", async () => {
      await resolveTo(RIGHT);
      relay = await fixture.streaming(byName());
      await fixture.insert("before", "{}");
      await fixture.caughtUp(relay);
      await resolveTo(FOREIGN, RIGHT);
      await endSessions();
      await relay.reaches("failed", "LINEAGE_FOREIGN");
      await fixture.insert("meanwhile", "{}");
      await resolveTo(RIGHT, FOREIGN);
      await relay.reaches("streaming", null, 30_000);
      await fixture.caughtUp(relay);
      expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
    });
  });
});

describe("a list of hosts", () => {
  let standby: PostgresServer;

  beforeAll(async () => {
    const { port } = new URL(fixture.database.url);
    standby = await startPostgres({ settings: { listen_addresses: FOREIGN, port } });
    await makeLookAlike(new URL(standby.url));
    await restartAsStandby(standby);
  });

  afterAll(async () => {
    await standby.stop();
  });

  it("with a dead one and a standby before the right one leads to the right one, and says what each answered while that is away [79: L P D O R]", async () => {
    const names = { "dead.test": [DEAD], "standby.test": [FOREIGN] };
    await resolve({ ...names, "db.test": [RIGHT] });
    relay = await fixture.streaming(byName("dead.test", "standby.test", "db.test"));
    const report = await deliveryDespite(fixture, relay, async (workload) => {
      await resolve(names);
      await endSessions();
      const { message, hint } = await relay.reaches("starting", "NOT_PRIMARY");
      expect(message).toMatch(
        /^none of 3 hosts can be used: .*dead\.test:\d+ \(ECONNREFUSED\); .*standby\.test:\d+ is a standby; .*db\.test:\d+ \(ENOTFOUND\)$/,
      );
      expect(`${message}${hint}${relay.output}`).not.toContain(
        new URL(fixture.database.url).password + "@",
      );
      await transactions(workload);
      await resolve({ ...names, "db.test": [RIGHT] });
      await relay.reaches("streaming", null, 30_000);
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});

async function restartAsStandby(server: PostgresServer): Promise<void> {
  // A server's programs run in its data folder.
  await withClient(atForeign(server), (client) =>
    client.query("copy (select 1) to program 'touch standby.signal'"),
  );
  await server.stopFast();
  await server.start();
}

function atForeign({ url }: PostgresServer): string {
  const server = new URL(url);
  server.hostname = FOREIGN;
  return server.href;
}

/** All that the relay asks for is there under the same names, and a row waits in the slot. */
async function makeLookAlike(server: URL): Promise<void> {
  server.hostname = FOREIGN;
  const { name } = fixture.database;
  await withClient(server.href, (client) => client.query(`create database ${name}`));
  server.pathname = `/${name}`;
  await withClient(server.href, async (client) => {
    const { slot, publication } = fixture.names;
    await client.query(`
      create table outbox (id uuid primary key default gen_random_uuid(), aggregatetype text not null,
        aggregateid text not null, type text not null, payload jsonb, headers jsonb);
      create publication ${publication} for table outbox with (publish = 'insert', publish_via_partition_root = true);`);
    await client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    await client.query(
      "insert into outbox (aggregatetype, aggregateid, type) values ('order', 'foreign', 'T')",
    );
  });
}
