import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runMigrate } from "../../../src/cli/migrate.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { shardCondition } from "../../../src/postgres/shard-filter.ts";
import type { Shard } from "../../../src/relay/shard.ts";
import { shardSuffix } from "../../../src/relay/shard.ts";
import type { Options } from "./outbox-database.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

const KEYS = 300;
const KEY_TYPES = ["text", "varchar(80)", "char(40)", "bytea", "uuid", "smallint", "int", "bigint"];

let outbox: OutboxDatabase;

function shardsOf(count: number): Shard[] {
  return Array.from({ length: count }, (_, index) => ({ index, count }));
}

/** Names of a shard as the settings derive them. */
function named(shard: Shard, base = outbox): Partial<Options> & { publication: string } {
  const name = base.slot + shardSuffix(shard);
  return { shard, slot: name, publications: [name], publication: name };
}

async function migrate(
  shard: Shard,
  argv = "up",
  base = outbox,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const result = { stdout: "", stderr: "" };
  const { publication } = named(shard, base);
  const target = { publication, shard: { ...shard, keyColumn: "aggregateid" } };
  const exitCode = await runMigrate(
    argv.split(" "),
    { connectionString: base.url, ...target },
    {
      stdout: (text) => {
        result.stdout += text;
      },
      stderr: (text) => {
        result.stderr += text;
      },
    },
  );
  return { exitCode, ...result };
}

/** Codes of preflight, with their severity. */
async function codes(options: Partial<Options>, base = outbox): Promise<string[]> {
  const database = base.database(options);
  const findings = await database.preflight(NEVER);
  await database.close();
  return findings.map(({ severity, code }) => `${severity} ${code}`);
}

/** Publications and slots of all shards, each with preflight content. */
async function divide(count: number, base = outbox): Promise<Shard[]> {
  const shards = shardsOf(count);
  for (const shard of shards) {
    expect(await migrate(shard, "up", base)).toMatchObject({ exitCode: 0, stderr: "" });
    await base.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
      named(shard, base).slot,
    ]);
  }
  for (const shard of shards) expect(await codes(named(shard, base), base)).toEqual([]);
  return shards;
}

/** The ids of the rows that the stream of each shard brings; every key once more tells where its end is. */
async function streamed(shards: readonly Shard[], base = outbox): Promise<number[][]> {
  await base.query(
    "insert into outbox (aggregatetype, aggregateid, type) select 'end', aggregateid, 'end' from outbox",
  );
  return Promise.all(
    shards.map(async (shard) => {
      const [{ own = 0 } = {}] = await base.query<{ own: number }>(
        `select count(*)::int as own from outbox where ${await conditionOf(shard, base)}`,
      );
      const handlers = new RecordingHandlers();
      const stream = await base.source(named(shard, base)).open(handlers, NEVER);
      stream.resume();
      await handlers.untilInserts(own);
      await stream.close();
      return handlers.rows.filter((row) => !row.includes("end")).map(([id]) => Number(id));
    }),
  );
}

function sorted(ids: readonly number[][]): number[] {
  return ids.flat().toSorted((a, b) => a - b);
}

const ALL = Array.from({ length: KEYS }, (_, i) => i + 1);

async function conditionOf(shard: Shard, base = outbox): Promise<string> {
  const [{ type = "" } = {}] = await base.query<{ type: string }>(
    `select t.typname::text as type from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = 'outbox'::regclass and a.attname = 'aggregateid'`,
  );
  return `(${shardCondition(shard, "aggregateid", type) ?? "false"})`;
}

function keyOfType(type: string): string {
  if (type === "uuid") return "md5(g::text)::uuid";
  if (type === "bytea") return "decode(md5(g::text), 'hex')";
  return type.includes("int") ? "g" : "('key-' || g)";
}

async function retypeKey(type: string, base = outbox): Promise<void> {
  await base.query("alter table outbox drop column aggregateid");
  await base.query(`alter table outbox add aggregateid ${type}`);
}

async function fill(type: string, base = outbox): Promise<void> {
  await base.query(
    `insert into outbox (aggregatetype, aggregateid, type)
     select 'order', ${keyOfType(type)}, 'placed' from generate_series(1, ${KEYS}) g`,
  );
}

describe("shards", () => {
  beforeEach(async () => {
    outbox = await OutboxDatabase.create();
  });

  afterEach(() => outbox.drop());

  it.each(KEY_TYPES)(
    "divide keys of type %s: each row is in one stream, and each stream has its share",
    async (type) => {
      await retypeKey(type);
      const shards = await divide(3);
      await fill(type);
      const streams = await streamed(shards);
      expect(sorted(streams)).toEqual(ALL);
      for (const stream of streams) expect(stream.length).toBeGreaterThan(KEYS / 6);
    },
  );

  it("leave a row without a key to the first shard, where it is noticed", async () => {
    await retypeKey("text");
    const shards = await divide(2);
    await outbox.query("insert into outbox (aggregatetype, type) values ('order', 'placed')");
    const handlers = new RecordingHandlers();
    const stream = await outbox.source(named(shards[0] as Shard)).open(handlers, NEVER);
    stream.resume();
    await handlers.untilInserts(1);
    expect(handlers.rows[0]).toContain("n");
    await stream.close();
  });

  it("divide a partitioned table under its own name, whatever the order of its partitions' columns", async () => {
    await outbox.query(`drop table outbox cascade`);
    await outbox.query(
      `create table outbox (id bigint generated always as identity, aggregatetype text not null,
         aggregateid text not null, type text not null, payload jsonb) partition by range (id)`,
    );
    await outbox.query("create table outbox_1 partition of outbox for values from (0) to (100)");
    await outbox.query(
      `create table outbox_2 (payload jsonb, type text not null, aggregateid text not null,
         aggregatetype text not null, id bigint not null)`,
    );
    const shards = await divide(2);
    await outbox.query(
      "alter table outbox attach partition outbox_2 for values from (100) to (9999)",
    );
    await fill("text");
    expect(sorted(await streamed(shards))).toEqual(ALL);
  });

  it("refuse a publication without a filter, with another shard's, and with one that is only like it", async () => {
    const [first] = await divide(2);
    const { publication } = named(first as Shard);
    const own = await conditionOf(first as Shard);
    const set = (filter: string): Promise<unknown> =>
      outbox.query(`alter publication ${publication} set table outbox ${filter}`);
    for (const filter of [
      "",
      `where (${await conditionOf({ index: 1, count: 2 })})`,
      `where (${await conditionOf({ index: 0, count: 3 })})`,
      `where (${own.replace("80000000", "80000001")})`,
      `where (${own.replaceAll("aggregateid", "type")})`,
      `where (${own} and type <> 'x')`,
      `where (${own.replace("COALESCE(md5(\"aggregateid\"), '')", 'md5("aggregateid")')})`,
    ]) {
      await set(filter);
      expect([filter, await codes(named(first as Shard))]).toEqual([filter, ["halt CONFIG_SHARD"]]);
      expect((await migrate(first as Shard)).stderr).toContain("CONFIG_SHARD");
    }
    await set(`where (${own})`);
    expect(await codes(named(first as Shard))).toEqual([]);
  });

  it("are mended by the statements that the finding names", async () => {
    const [first] = await divide(2);
    const options = named(first as Shard);
    for (const harm of [
      `alter publication ${options.publication} set table outbox`,
      `alter publication ${options.publication} drop table outbox`,
      `drop publication ${options.publication}`,
    ]) {
      await outbox.query(harm);
      const database = outbox.database(options);
      const [finding] = await database.preflight(NEVER);
      await database.close();
      await outbox.query((finding?.sql ?? []).join(" "));
      expect([harm, await codes(options)]).toEqual([harm, []]);
    }
  });

  it("see that a publication of the whole schema has no filter, whatever it lists", async () => {
    const [first] = await divide(2);
    await outbox.query(
      `alter publication ${named(first as Shard).publication} add tables in schema public`,
    );
    expect(await codes(named(first as Shard))).toContain("halt CONFIG_SHARD");
  });

  it("warn of a shard without slot, without publication, or with another division's", async () => {
    const [first, second] = await divide(2);
    const other = named(second as Shard);
    await outbox.query("select pg_drop_replication_slot($1)", [other.slot]);
    expect(await codes(named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
    await outbox.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [other.slot]);
    await outbox.query(
      `alter publication ${other.publication} set table outbox where (${await conditionOf({ index: 1, count: 3 })})`,
    );
    expect(await codes(named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
    await outbox.query(`drop publication ${other.publication}`);
    expect(await codes(named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
  });

  it("refuse to run beside a relay of another division of the same table, and warn of its slot", async () => {
    const shards = await divide(2);
    await outbox.createSlot();
    const [first] = shards;
    expect(await codes(named(first as Shard))).toEqual(["warning SHARD_OVERLAP"]);
    const stream = await outbox.stream(new RecordingHandlers());
    expect(await codes(named(first as Shard))).toEqual(["halt SHARD_OVERLAP"]);
    await stream.close();
    const shard = await outbox.source(named(first as Shard)).open(new RecordingHandlers(), NEVER);
    expect(await codes({})).toContain("halt SHARD_OVERLAP");
    await shard.close();
  });

  it("refuse a key column that a filter cannot digest, here and in the migration", async () => {
    await retypeKey("numeric");
    const { stderr, exitCode } = await migrate({ index: 0, count: 2 });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("RELAY_COLUMN_KEY");
    const options = { ...named({ index: 0, count: 2 }), publications: [outbox.publication] };
    expect(await codes(options)).toContain("halt CONFIG_COLUMN");
  });

  it("take names that need quotes", async () => {
    const shard = { index: 1, count: 3, keyColumn: "Key Of" };
    await outbox.query(`create schema "My S"`);
    await outbox.query(
      `create table "My S"."it's" (id int, aggregatetype text, aggregateid text, "Key Of" text, type text, payload text)`,
    );
    const names = ["--schema", "My S", "--table", "it's", "--publication", "P 1"];
    const out = { stdout: (): void => undefined, stderr: (): void => undefined };
    const env = { connectionString: outbox.url, publication: "x", shard };
    expect(await runMigrate(["up", ...names], env, out)).toBe(0);
    expect(await runMigrate(["up", ...names], env, out)).toBe(0);
    expect(await runMigrate(["status", ...names], env, out)).toBe(0);
  });
});

describe.each([15, 16, 17] as const)("shards on Postgres %i", (major) => {
  it("have a filter that the server takes and preflight recognises, for every type of key", async () => {
    const server = await startPostgres({ major });
    try {
      for (const type of KEY_TYPES) {
        const base = await OutboxDatabase.create(server.url);
        await retypeKey(type, base);
        const shards = await divide(3, base);
        await fill(type, base);
        expect(sorted(await streamed(shards, base))).toEqual(ALL);
        await base.drop();
      }
    } finally {
      await server.stop();
    }
  });
});

describe("shards on Postgres 14", () => {
  it("are refused, here and in the migration", async () => {
    const server = await startPostgres({ major: 14 });
    const base = await OutboxDatabase.create(server.url);
    try {
      const { exitCode, stderr } = await migrate({ index: 0, count: 2 }, "up", base);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("needs Postgres 15");
      const options = { ...named({ index: 0, count: 2 }, base), publications: [base.publication] };
      expect(await codes(options, base)).toContain("halt CONFIG_SERVER_VERSION");
    } finally {
      await base.drop();
      await server.stop();
    }
  });
});
