import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { BackfillRows, Candidate } from "../../../src/relay/backfill/backfill-rows.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { MajorServer } from "../../support/postgres/major-server.ts";
import { until } from "../../support/until.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

/** Types of an id that preflight allows, and a value that is written in more than one way. */
const ID_TYPES: readonly (readonly [string, string])[] = [
  ["uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"],
  ["text", "'ä b '"],
  ["varchar(9)", "'v '"],
  ["char(9)", "'padded'"],
  ["padded_twice", "'domain'"],
  ["mood", "'sad'"],
  ["name", "'a name'"],
  ["boolean", "true"],
  ["smallint", "7"],
  ["bigint", "9007199254740993"],
  ["numeric", "1.50"],
  ["real", "0.1"],
  ["double precision", "1e300"],
  ["timestamptz", "'2026-01-02 03:04:05.678+09'"],
  ["timestamp", "'2026-01-02 03:04:05'"],
  ["date", "'2026-01-02'"],
  ["interval", "'1 year 2 days 3 hours'"],
  ["inet", "'10.1.2.3'"],
  ["cidr", "'10.1.0.0/16'"],
  ["regclass", "'pg_class'"],
  ["int4range", "'[1,5]'"],
  ["bit varying", "B'0101'"],
  ["pg_lsn", "'1/A'"],
  ["xid8", "'42'"],
];

describe.each([14, 18] as const)("rows of the tables on Postgres %i", (major) => {
  const server = new MajorServer(major);
  let database: OutboxDatabase;

  beforeEach(async () => {
    database = await OutboxDatabase.create(server.url);
  });

  afterEach(() => database.drop());

  async function withPlan<T>(
    since: Watermark | null,
    look: (rows: BackfillRows) => Promise<T>,
    url = database.url,
  ): Promise<T> {
    const rows = await database.source({ connectionString: url }).planBackfill(since, NEVER);
    try {
      return await look(rows);
    } finally {
      await rows.close();
    }
  }

  async function candidates(since: Watermark | null = null): Promise<Candidate[]> {
    return withPlan(since, async (rows) => {
      const found: Candidate[] = [];
      await rows.next((one) => found.push(one), NEVER);
      expect(found).toHaveLength(rows.candidates);
      return found;
    });
  }

  it("have ids and routes in the very text that the stream has, whatever their types", async () => {
    await database.query("create type mood as enum ('sad', 'ok')");
    await database.query("create domain padded as char(9)");
    await database.query("create domain padded_twice as padded");
    for (const [type, value] of ID_TYPES) {
      await database.query("alter table outbox drop column id, drop column aggregatetype");
      await database.query(
        `alter table outbox add column id ${type}, add column aggregatetype ${type}`,
      );
      const handlers = new RecordingHandlers();
      const stream = await database.stream(handlers);
      await database.query(
        `insert into outbox (id, aggregatetype, aggregateid, type) values (${value}, ${value}, 'k', 't')`,
      );
      await handlers.untilInserts(1);
      await stream.close();
      await database.query("select pg_drop_replication_slot($1)", [database.slot]);
      const [id, route] = handlers.rows[0]?.slice(-2) ?? [];
      const [found] = await candidates();
      expect({ type, id: found?.id, route: found?.route }).toEqual({ type, id, route });
      await database.query("truncate outbox");
    }
  });

  it("are candidates unless they were committed for certain before the watermark, whatever their txid", async () => {
    await database.query(
      "alter table outbox add column txid xid8 default pg_current_xact_id(), add column n text",
    );
    const add = (n: string, txid = "default", session = database.client) =>
      session.query(
        `insert into outbox (aggregatetype, aggregateid, type, n, txid) values ('order', 'k', 't', '${n}', ${txid})`,
      );
    await add("old");
    await add("old, of the future", "'99999999'");
    await add("to be changed");
    const session = await database.session();
    await session.query("begin");
    await session.query("savepoint one");
    await add("within a savepoint", "default", session);
    const since = await database.database().vantage(NEVER);
    await session.query("commit");
    await add("new");
    await add("null", "null");
    await add("of the past", "'3'");
    await database.query("update outbox set payload = '{}' where n = 'to be changed'");
    const rows = await candidates(since.watermark);
    const names = await database.query<{ id: string; n: string }>("select id::text, n from outbox");
    const seen = rows.map(({ id, isNew }) => {
      const { n = "" } = names.find((row) => row.id === id) ?? {};
      return `${n}${isNew ? ": new" : ""}`;
    });
    expect(new Set(seen)).toEqual(
      new Set(["within a savepoint: new", "new: new", "null", "of the past", "to be changed"]),
    );
    await withPlan(since.watermark, ({ tableRows, notes }) => {
      expect(tableRows).toBe(7);
      expect(notes.join("\n")).toContain("2 rows have no txid");
      return Promise.resolve();
    });
  });

  it("are read once each where tables of RELAY_TABLES stand below one another, by INHERITS and as partitions", async () => {
    for (const statement of [
      "create table child () inherits (outbox)",
      "create table grandchild () inherits (child)",
      "create table other (like outbox) partition by list (type)",
      "create table other_a partition of other for values in ('a') partition by list (aggregateid)",
      "create table other_a_1 partition of other_a default",
      "create table other_b partition of other default",
    ]) {
      await database.query(statement);
    }
    const ids: string[] = [];
    for (const table of ["outbox", "child", "grandchild", "other_a_1", "other_b"]) {
      const type = table === "other_a_1" ? "a" : "b";
      ids.push(String(ids.length));
      await database.query(
        `insert into ${table} (id, aggregatetype, aggregateid, type) overriding system value values ($1, 'order', 'k', $2)`,
        [ids.at(-1), type],
      );
    }
    const tables = ["outbox", "child", "grandchild", "other", "other_a"];
    const rows = await database
      .source({ tables: tables.map((name) => `public.${name}`) })
      .planBackfill(null, NEVER);
    const found: string[] = [];
    await rows.next(({ id }) => found.push(id), NEVER);
    await rows.close();
    expect(found.toSorted()).toEqual(ids);
    expect([rows.tableRows, rows.candidates]).toEqual([ids.length, ids.length]);
  });

  it("are read for as long as it takes, whatever time-outs the role has", async () => {
    const { name, url } = await database.role("replication");
    await database.query(`grant select on outbox to ${name}`);
    await database.insert(3);
    for (const setting of [
      "statement_timeout",
      "lock_timeout",
      "idle_in_transaction_session_timeout",
    ])
      await database.query(`alter role ${name} set ${setting} = '150ms'`);
    const isFor = (condition: string): Promise<void> =>
      until(
        async () => {
          const found = await database.query(
            `select from pg_stat_activity where usename = $1 and ${condition}`,
            [name],
          );
          return found.length === 1;
        },
        10_000,
        condition,
      );
    const session = await database.session();
    await session.query("begin; lock table outbox");
    const planned = withPlan(
      null,
      async (rows) => {
        await isFor("state = 'idle in transaction' and clock_timestamp() - state_change > '400ms'");
        return rows.next(() => undefined, NEVER);
      },
      url,
    );
    await isFor("wait_event_type = 'Lock' and clock_timestamp() - query_start > '400ms'");
    await session.query("rollback");
    expect(await planned).toBe(3);
  });

  it.each([
    ["a look", () => database.source().planBackfill(null, NEVER)],
    [
      "a reading beside a slot that was made before",
      async () => {
        const { watermark } = await database.database().vantage(NEVER);
        return (await database.source().readBesideSlot(null, watermark, NEVER)).rows;
      },
    ],
  ])("are not taken for none where the table is rewritten under %s", async (_which, read) => {
    await database.insert(3);
    const session = await database.session();
    await session.query("begin");
    await session.query("alter table outbox alter payload type json");
    const reading = read().then(
      (rows) => rows.close().then(() => rows.candidates),
      (error: unknown) => error,
    );
    await until(
      async () => (await database.query("select from pg_locks where not granted")).length > 0,
      10_000,
      "the reading to wait for the table",
    );
    await session.query("commit");
    expect(await reading).toMatchObject({ code: "TABLE_REWRITTEN", remedy: "retry" });
    const again = await read();
    expect(again.candidates).toBe(3);
    await again.close();
  });

  it("are not read at all by a role from which a policy may hide some", async () => {
    const { name, url } = await database.role("replication");
    const refused = { code: "POSTGRES_PERMISSION", remedy: "halt" };
    const plan = (): Promise<number> =>
      withPlan(null, ({ candidates: n }) => Promise.resolve(n), url);
    await expect(plan()).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining("GRANT SELECT"),
    });
    await database.query(`grant select on outbox to ${name}`);
    await database.query("alter table outbox enable row level security");
    await expect(plan()).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining("BYPASSRLS"),
    });
    const warnings = await database.database({ connectionString: url }).preflight(NEVER);
    expect(warnings).toContainEqual(
      expect.objectContaining({ code: "CONFIG_REPAIR", severity: "warning" }),
    );
    await database.query("create policy everything on outbox using (true)");
    await expect(plan()).rejects.toMatchObject(refused);
    await database.query(`alter role ${name} bypassrls`);
    expect(await plan()).toBe(0);
  });

  it("come from the right one of tables that inherit from each other", async () => {
    await database.query("create table child () inherits (outbox)");
    await database.query(
      "insert into outbox (aggregatetype, aggregateid, type) values ('order', 'mother', 't')",
    );
    await database.query(
      "insert into child (id, aggregatetype, aggregateid, type) values (77, 'order', 'daughter', 't')",
    );
    const texts = await withPlan(null, async (rows) => {
      await rows.next(() => undefined, NEVER);
      const read: string[] = [];
      for await (const messages of rows.rows(() => true, NEVER))
        read.push(...messages.map((message) => Buffer.from(message).toString("latin1")));
      return read;
    });
    const inserts = texts.filter((text) => text.startsWith("I"));
    expect(inserts).toHaveLength(2);
    for (const key of ["mother", "daughter"])
      expect(inserts.filter((text) => text.includes(key))).toHaveLength(1);
  });
});
