import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runMigrate } from "../../../src/cli/migrate.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";
import { migrate as run } from "./run-migrate.ts";

let database: OutboxDatabase;

const migrate = (
  argv: string,
  url = database.url,
  limits: Parameters<typeof run>[2] = {},
): ReturnType<typeof run> => run(argv, url, limits);

async function columns(table: string): Promise<string[]> {
  const rows = await database.query<{ column: string }>(
    `select attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end as column
       from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows.map(({ column }) => column);
}

beforeEach(async () => {
  database = await OutboxDatabase.createBare();
});

afterEach(async () => {
  await database.drop();
});

describe("migrate up", () => {
  it("creates the table and the publication, so that preflight finds nothing", async () => {
    const result = await migrate("up");
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await columns("outbox")).toEqual([
      "id uuid not null",
      "aggregatetype text not null",
      "aggregateid text not null",
      "type text not null",
      "payload jsonb",
      "headers jsonb",
      "created_at timestamp with time zone not null",
      "txid xid8 not null",
      "write_order bigint",
    ]);
    const relay = database.database({ publications: ["shop_events"] });
    expect(await relay.preflight(NEVER)).toEqual([]);
  });

  it("gives rows a time-ordered id and the transaction's number", async () => {
    await migrate("up");
    const [row] = await database.query<{ version: number; isOurs: boolean }>(
      `insert into outbox (aggregatetype, aggregateid, type) values ('order', '1', 'placed')
       returning uuid_extract_version(id)::int as version, txid = pg_current_xact_id() as "isOurs"`,
    );
    expect(row).toEqual({ version: 7, isOurs: true });
  });

  it("does nothing the second time", async () => {
    await migrate("up");
    const again = await migrate("up");
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toBe(
      "0001_outbox.sql: already applied\n0002_publication.sql: already applied\n0004_write_order.sql: already applied\n",
    );
  });

  it("makes a publication again that was dropped since", async () => {
    await migrate("up");
    await database.query("drop publication shop_events");
    expect((await migrate("up")).stdout).toContain("0002_publication.sql: applied again");
    expect((await migrate("status")).exitCode).toBe(0);
    expect(await database.query("select from relay_migrations")).toHaveLength(3);
  });

  it("works for several who start at the same time", async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => migrate("up")));
    expect(results.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(
      results.map(() => [0, ""]),
    );
    const applied = results.filter(({ stdout }) => stdout.includes("outbox.sql: applied\n"));
    expect(applied).toHaveLength(1);
    expect(await database.query("select from relay_migrations")).toHaveLength(3);
  });

  it("keeps a second table and publication in the same schema apart", async () => {
    await migrate("up");
    const second = await migrate("up --table other --publication other_events");
    expect(second.stdout).toBe(
      "0001_outbox.sql: applied\n0002_publication.sql: applied\n0004_write_order.sql: applied\n",
    );
    const third = await migrate("up --table third");
    expect(third.exitCode).toBe(0);
    const published = await database.query<{ tablename: string }>(
      "select tablename from pg_publication_tables where pubname = 'shop_events' order by 1",
    );
    expect(published.map(({ tablename }) => tablename)).toEqual(["outbox", "third"]);
  });

  it("takes names that need quotes", async () => {
    const names = ["--schema", `My "S`, "--table", "it's", "--publication", "P 1"];
    const out = { stdout: (): void => undefined, stderr: (): void => undefined };
    const env = { connectionString: database.url, publication: "x" };
    expect(await runMigrate(["up", ...names], env, out)).toBe(0);
    expect(await runMigrate(["up", ...names], env, out)).toBe(0);
    expect(await columns(`"My ""S"."it's"`)).toHaveLength(9);
  });

  it("leaves an existing Debezium table as it is, and publishes it", async () => {
    await database.query(
      `create table outbox (id uuid not null primary key, aggregatetype varchar(255) not null,
         aggregateid varchar(255) not null, type varchar(255) not null, payload jsonb)`,
    );
    await database.query(
      "insert into outbox values (gen_random_uuid(), 'order', '1', 'placed', '{}')",
    );
    const before = await columns("outbox");
    expect(await migrate("up")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await columns("outbox")).toEqual(before);
    await database.query(
      "insert into outbox values (gen_random_uuid(), 'order', '2', 'placed', '{}')",
    );
    const relay = database.database({ publications: ["shop_events"] });
    expect(await relay.preflight(NEVER)).toEqual([]);
  });

  it("leaves publications that have the table already alone", async () => {
    await database.query("create publication shop_events for all tables with (publish = 'insert')");
    expect(await migrate("up")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("refuses a file that was changed after it had been applied", async () => {
    await migrate("up");
    await database.query("update relay_migrations set checksum = 'other' where version = 2");
    const result = await migrate("up");
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("MIGRATION_CHANGED: 0002_publication.sql");
    expect((await migrate("status")).stdout).toContain("changed");
  });

  it("gives way when a lock cannot be had, leaves nothing half done, and can be run again", async () => {
    await migrate("up --publication first_events");
    const blocker = await database.session();
    await blocker.query("begin");
    await blocker.query("lock table outbox in access exclusive mode");
    const limits = { lockTimeoutMs: 100, lockTriesMax: 2 };
    const result = await migrate("up", database.url, limits);
    expect(result.exitCode).toBe(75);
    expect(result.stderr).toContain("MIGRATION_LOCKED");
    await blocker.query("rollback");
    expect(
      await database.query("select from pg_publication where pubname = 'shop_events'"),
    ).toEqual([]);
    expect((await migrate("up")).exitCode).toBe(0);
  });

  it("waits for a lock that is given up in time", async () => {
    const blocker = await database.session();
    await blocker.query("begin");
    await blocker.query("select pg_advisory_xact_lock(1869770616, hashtext('public'))");
    const waiting = migrate("up", database.url, { lockTimeoutMs: 200, lockTriesMax: 20 });
    await database.query("select pg_sleep(0.5)");
    await blocker.query("rollback");
    expect((await waiting).exitCode).toBe(0);
  });

  it("works for an owner who may create nothing else once everything is there", async () => {
    await migrate("up");
    const { name, url } = await database.role("");
    await database.query(`alter table outbox owner to ${name}`);
    await database.query(`alter table relay_migrations owner to ${name}`);
    expect(await migrate("up", url)).toMatchObject({ exitCode: 0 });
  });

  it("tells a role without rights what is missing", async () => {
    const { url } = await database.role("");
    const result = await migrate("up", url);
    expect(result.exitCode).toBe(78);
    expect(result.stderr).toContain("POSTGRES_PERMISSION");
    expect(result.stderr).toContain("0001_outbox.sql");
  });

  it.each([
    [
      "a wrong password",
      (url: URL): void => {
        url.password = "wrong";
      },
      78,
    ],
    [
      "a missing database",
      (url: URL): void => {
        url.pathname = "/nowhere";
      },
      78,
    ],
    [
      "nobody listening",
      (url: URL): void => {
        url.port = "1";
      },
      75,
    ],
  ])("exits by the cause at %s", async (_, change, exitCode) => {
    const url = new URL(database.url);
    change(url);
    expect((await migrate("up", url.href)).exitCode).toBe(exitCode);
  });
});

describe("migrate up on Postgres 14", () => {
  it("does without time-ordered ids, and the rest is the same", async () => {
    const server = await startPostgres({ major: 14 });
    const old = await OutboxDatabase.create(server.url);
    await old.query("drop table outbox");
    const result = await migrate("up", old.url);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    await old.query("insert into outbox (aggregatetype, aggregateid, type) values ('o', '1', 'p')");
    expect(
      await old.query("select from outbox where id is not null and txid is not null"),
    ).toHaveLength(1);
    expect((await migrate("status", old.url)).exitCode).toBe(0);
    await old.drop();
    await server.stop();
  });
});
