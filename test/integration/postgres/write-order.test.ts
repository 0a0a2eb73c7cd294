import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { MajorServer } from "../../support/postgres/major-server.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";
import { migrate as run } from "./run-migrate.ts";

const ROWS = "(id, aggregatetype, aggregateid, type, payload)";

describe.each([14, 18] as const)("the column write_order on Postgres %i", (major) => {
  const server = new MajorServer(major);
  let database: OutboxDatabase;

  beforeEach(async () => {
    database = await OutboxDatabase.createBare(server.url);
  });

  afterEach(() => database.drop());

  async function up(options = ""): Promise<void> {
    expect(await run(`up ${options}`, database.url)).toMatchObject({ exitCode: 0, stderr: "" });
  }

  async function hasWriteOrder(): Promise<boolean> {
    const { stdout } = await run("status --json", database.url);
    return (JSON.parse(stdout) as { hasWriteOrder: boolean }).hasWriteOrder;
  }

  /** As a role that may insert and nothing else, in each way that was possible before the column. */
  async function insertAsWriter(): Promise<void> {
    const { name, url } = await database.role("");
    await database.query(`grant insert on outbox to ${name}`);
    const session = await database.session(url);
    await session.query(
      `insert into outbox ${ROWS} values (gen_random_uuid(), 'o', 'k', 't', '{}')`,
    );
    await session.query(`insert into outbox values (gen_random_uuid(), 'o', 'k', 't', '{}')`);
  }

  /** Ids in the order in which a first snapshot publishes them. */
  async function order(): Promise<string[]> {
    const rows = await database.source({ publications: ["shop_events"] }).planBackfill(null, NEVER);
    const ids: string[] = [];
    await rows.next(({ id }) => ids.push(id), NEVER);
    await rows.close();
    return ids;
  }

  it("comes with a new table, and gives the order of writing where places and cmin do not", async () => {
    await up();
    await up();
    expect(await hasWriteOrder()).toBe(true);
    await insertAsWriter();
    // A row that goes to an earlier page, and one that somebody tried to delete.
    await database.query(
      "insert into outbox (aggregatetype, aggregateid, type) select 'o', 'old', 't' from generate_series(1, 300)",
    );
    await database.query("delete from outbox");
    await database.query("vacuum outbox");
    const [holder, writer] = [await database.session(), database.client];
    await holder.query("begin");
    await holder.query(
      "insert into outbox (aggregatetype, aggregateid, type) select 'o', 'other', 't' from generate_series(1, 50)",
    );
    await writer.query("begin");
    await writer.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) select 'o', 'k', 't', to_jsonb(repeat('x', 20 * (n % 90))) from generate_series(1, 400) n",
    );
    await writer.query(
      "insert into outbox (aggregatetype, aggregateid, type) values ('o', 'k', 'last')",
    );
    await writer.query("commit");
    await holder.query("commit");
    await writer.query("begin; select 1; select 2; select 3");
    await writer.query("delete from outbox where write_order % 3 = 0");
    await writer.query("rollback");
    const written = await database.query<{ id: string }>(
      "select id::text from outbox order by write_order",
    );
    expect(await order()).toEqual(written.map(({ id }) => id));
  });

  it.each([
    ["bigint", "has no default, not nextval() of a sequence"],
    [
      "int default 7",
      "is of type integer, not bigint, and has a default that is not nextval() of a sequence",
    ],
    ["timestamptz default now()", "is of type timestamp with time zone, not bigint"],
  ])("is not taken for one that is another: %s", async (definition, fault) => {
    await database.query(`create table outbox (id uuid, write_order ${definition})`);
    const { stdout } = await run("status --json", database.url);
    expect(JSON.parse(stdout)).toMatchObject({
      hasWriteOrder: false,
      writeOrderFault: expect.stringContaining(fault),
    });
    const told = await run("status", database.url);
    expect(told.stdout).toContain("another one, which a repair does not order by: it");
  });

  it("is added to a table with rows when it is asked for, without a rewrite, and not before", async () => {
    await database.query(
      "create table outbox (id uuid primary key, aggregatetype text, aggregateid text, type text, payload jsonb, txid xid8 default pg_current_xact_id())",
    );
    await database.query(
      `insert into outbox ${ROWS} values (gen_random_uuid(), 'o', 'k', 't', '{}')`,
    );
    const file = async (): Promise<unknown> =>
      database.query("select relfilenode from pg_class where oid = 'outbox'::regclass");
    const before = await file();
    await up();
    expect(await hasWriteOrder()).toBe(false);
    await up("--write-order");
    await up("--write-order");
    expect(await hasWriteOrder()).toBe(true);
    expect(await file()).toEqual(before);
    await insertAsWriter();
    expect(
      await database.query("select write_order::int as n from outbox order by 1 nulls first"),
    ).toEqual([{ n: null }, { n: 1 }, { n: 2 }]);
    const written = await database.query<{ id: string }>(
      "select id::text from outbox order by write_order nulls first",
    );
    expect(await order()).toEqual(written.map(({ id }) => id));
  });

  it("is added to a partitioned table, and numbers the rows of all partitions", async () => {
    await database.query(
      "create table outbox (id uuid, aggregatetype text, aggregateid text, type text, payload jsonb, txid xid8 default pg_current_xact_id()) partition by hash (id)",
    );
    for (const n of [0, 1, 2])
      await database.query(
        `create table outbox_${n} partition of outbox for values with (modulus 3, remainder ${n})`,
      );
    await up("--write-order");
    await database.query(
      "insert into outbox (id, aggregatetype, aggregateid, type) select gen_random_uuid(), 'o', 'k', 't' from generate_series(1, 60)",
    );
    await insertAsWriter();
    const written = await database.query<{ id: string }>(
      "select id::text from outbox order by write_order",
    );
    expect(await order()).toEqual(written.map(({ id }) => id));
    expect(await database.query("select from outbox where write_order is null")).toEqual([]);
  });

  it("asks nothing of tables that inherit from the table, are made like it, or take its place", async () => {
    await up();
    await database.query("create table child () inherits (outbox)");
    await database.query("create table bare (like outbox)");
    await database.query("create table next (like outbox including all)");
    await database.query(
      `insert into bare select gen_random_uuid(), 'o', 'k', 't', '{}', null, now(), '1'`,
    );
    for (const table of ["outbox", "child", "next"])
      await database.query(
        `insert into ${table} ${ROWS} values (gen_random_uuid(), 'o', 'k', 't', '{}')`,
      );
    expect(await database.query("select write_order::int as n from outbox order by 1")).toEqual([
      { n: 1 },
      { n: 2 },
    ]);
    await database.query("drop table outbox cascade");
    await database.query("alter table next rename to outbox");
    await insertAsWriter();
    expect(await database.query("select write_order::int as n from outbox order by 1")).toEqual([
      { n: 3 },
      { n: 4 },
      { n: 5 },
    ]);
  });

  it("is not taken for one where another column has its name", async () => {
    await database.query(
      "create table outbox (id uuid primary key, aggregatetype text, aggregateid text, type text, payload jsonb, write_order bigint)",
    );
    const refused = await run("up --write-order", database.url);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("write_order");
  });
});
