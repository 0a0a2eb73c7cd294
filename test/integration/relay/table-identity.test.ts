import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { until } from "../../support/services.ts";

const RENAMED = "TABLE_RENAMED";
const COLUMNS = "(aggregatetype, aggregateid, type, payload)";

/** The migration's identity column is none in a child. */
function child(name: string, parent: string, publication: string): string[] {
  return [
    `create table ${name} () inherits (${parent})`,
    `alter table ${name} alter write_order set default 0`,
    `alter publication ${publication} add table ${name}`,
  ];
}

function values(type: string): string {
  return `values ('order', 'k', '${type}', '{}')`;
}

describe.each([14, 18] as const)("with Postgres %i rows of an outbox table", (major) => {
  let postgres: PostgresServer;
  let fixture: RelayFixture;
  let relay: RelayProcess;

  beforeAll(async () => {
    postgres = await startPostgres({ major });
    fixture = await RelayFixture.create(`identity${major}`, { postgresUrl: postgres.url });
    await run(...child("outbox_2025", "outbox", fixture.names.publication));
    relay = await fixture.streaming();
    await fixture.client.query(`insert into outbox ${COLUMNS} ${values("first")}`);
    await fixture.caughtUp(relay);
  });

  afterAll(async () => {
    await fixture.close();
    await postgres.stop();
  });

  async function run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await fixture.client.query(statement);
  }

  async function types(): Promise<string[]> {
    const seen = (await fixture.read()).map(({ headers }) => String(headers["type"]));
    return seen.toSorted((a, b) => a.localeCompare(b));
  }

  it("are published whatever name the table has for a moment, running or stopped", async () => {
    const away = (type: string): string[] => [
      "alter table outbox rename to outbox_tmp",
      `insert into outbox_tmp ${COLUMNS} ${values(type)}`,
      "alter table outbox_tmp rename to outbox",
    ];
    await run(`begin; ${away("renamed").join("; ")}; commit`);
    // Published, unless the look of every five seconds came first.
    await until(
      async () => (await relay.status()).code === RENAMED || (await types()).includes("renamed"),
      30_000,
      () => `the row, or a halt\n${relay.output}`,
    );
    await relay.stop();
    await run(
      ...away("stopped"),
      "create schema archive",
      "alter table outbox set schema archive",
      `insert into archive.outbox ${COLUMNS} ${values("schema")}`,
      "alter table archive.outbox set schema public",
    );
    relay = fixture.start();
    // A table that was away may have had another one in its place, so a person decides first.
    await relay.reaches("failed", RENAMED);
    expect(await fixture.command(["accept", "publication"])).toMatchObject({ code: 0 });
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    expect(await types()).toEqual(["first", "renamed", "schema", "stopped"]);
  });

  it("are published out of a child that is there, and out of one that is made and dropped later", async () => {
    await run(`insert into outbox_2025 ${COLUMNS} ${values("child")}`);
    await fixture.caughtUp(relay);
    const made = [
      ...child("outbox_2026", "outbox_2025", fixture.names.publication),
      `insert into outbox_2026 ${COLUMNS} ${values("grandchild")}`,
    ];
    await run("begin", ...made, "commit");
    await fixture.caughtUp(relay);
    await relay.stop();
    await run(
      `insert into outbox_2026 ${COLUMNS} ${values("dropped")}`,
      "drop table outbox_2026",
      ...child("outbox_2027", "outbox", fixture.names.publication),
      `insert into outbox_2027 ${COLUMNS} ${values("unknown")}`,
      "drop table outbox_2027",
    );
    relay = fixture.start();
    await relay.reaches("failed", "TABLE_UNKNOWN");
    expect(await types()).not.toContain("unknown");
    expect(await types()).toContain("dropped");
    const accepted = await fixture.command(["accept", "table", "public.outbox_2027", "--publish"]);
    expect(accepted).toMatchObject({ code: 0 });
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    const seen = ["child", "dropped", "first", "grandchild", "renamed", "schema", "stopped"];
    expect(await types()).toEqual([...seen, "unknown"]);
    await relay.stop();
  });
});

const PARTITIONED = `
  create table public.outbox (id uuid not null default gen_random_uuid(), aggregatetype text not null, aggregateid text not null, type text not null,
    payload jsonb, headers jsonb, status text not null default 'new',
    created_at timestamptz not null default now()) partition by list (status);
  create table public.outbox_new partition of public.outbox for values in ('new');
  create table public.outbox_done partition of public.outbox for values in ('done');
  create table public.outbox_default partition of public.outbox default`;

describe.each([14, 18] as const)(
  "with Postgres %i a row that moves between partitions",
  (major) => {
    let postgres: PostgresServer;
    let fixture: RelayFixture;

    beforeAll(async () => {
      postgres = await startPostgres({ major });
      fixture = await RelayFixture.create(`moves${major}`, {
        postgresUrl: postgres.url,
        migrate: false,
      });
      await fixture.client.query(PARTITIONED);
      await fixture.migrate();
    });

    afterAll(async () => {
      await fixture.close();
      await postgres.stop();
    });

    it("is published once, by UPDATE, DELETE and INSERT, and MERGE; a table that cannot tell it is warned of", async () => {
      const { client } = fixture;
      const warned = await fixture.command(["doctor"]);
      expect(warned.stdout).toContain("partitioned by status");
      await client.query(
        "alter table public.outbox add column txid xid8, alter column txid set default pg_current_xact_id()",
      );
      // The server then writes each name of an expression in quotes.
      await client.query(`alter database ${fixture.database.name} set quote_all_identifiers = on`);
      expect((await fixture.command(["doctor"])).stdout).not.toContain("partitioned by status");
      const relay = await fixture.streaming();
      const insert = `insert into outbox ${COLUMNS}`;
      await client.query(
        `begin; ${insert} ${values("a")}; savepoint s; ${insert} ${values("b")}; commit`,
      );
      await client.query(
        `copy outbox ${COLUMNS} from program 'echo "order,k,c,{}"' with (format csv)`,
      );
      await client.query("update outbox set status = 'done'");
      await client.query(
        "with gone as (delete from outbox returning *) insert into outbox select (gone).* from gone",
      );
      await client.query(
        `with gone as (delete from outbox where type = 'a' returning *)
       insert into outbox (id, aggregatetype, aggregateid, type, payload, status, txid)
       select id, aggregatetype, aggregateid, type, payload, 'other', txid from gone`,
      );
      if (major >= 15) {
        await client.query(
          `merge into outbox o using (values ('b'), ('d')) as v (type) on o.type = v.type
           when matched then update set status = 'new'
           when not matched then insert ${COLUMNS} values ('order', 'k', v.type, '{}')`,
        );
      } else await client.query(`${insert} ${values("d")}`);
      await fixture.caughtUp(relay);
      const records = await fixture.read();
      expect(records.map(({ headers }) => headers["type"])).toEqual(["a", "b", "c", "d"]);
      expect(relay.output).toContain("rows moved to another partition");
    });

    it("is published when it was replicated from another server, whose transaction ids are others", async () => {
      const origin = "another server";
      const own = new pg.Client({ connectionString: fixture.database.url });
      await own.connect();
      await own.query("select pg_replication_origin_create($1)", [origin]);
      await own.query("select pg_replication_origin_session_setup($1)", [origin]);
      await own.query(
        `insert into outbox (aggregatetype, aggregateid, type, payload, txid) values ('order', 'k', 'replicated', '{}', '700')`,
      );
      await own.query("select pg_replication_origin_session_reset()");
      await own.end();
      await until(
        async () => (await fixture.read()).some(({ headers }) => headers["type"] === "replicated"),
        30_000,
        "the replicated row at Kafka",
      );
    });
  },
);
