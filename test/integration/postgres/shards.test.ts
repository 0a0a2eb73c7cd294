import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runMigrate } from "../../../src/cli/migrate.ts";
import type { Shard } from "../../../src/relay/shard.ts";
import { ALL, DividedOutbox, KEY_TYPES, KEYS, sorted } from "./divided-outbox.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;
let divided: DividedOutbox;

describe("shards", () => {
  beforeEach(async () => {
    outbox = await OutboxDatabase.create();
    divided = new DividedOutbox(outbox);
  });

  afterEach(() => outbox.drop());

  it.each(KEY_TYPES)(
    "divide keys of type %s: each row is in one stream, and each stream has its share",
    async (type) => {
      await divided.retypeKey(type);
      const shards = await divided.divide(3);
      await divided.fill(type);
      const streams = await divided.streamed(shards);
      expect(sorted(streams)).toEqual(ALL);
      for (const stream of streams) expect(stream.length).toBeGreaterThan(KEYS / 6);
    },
  );

  it("leave a row without a key to the first shard, where it is noticed", async () => {
    await divided.retypeKey("text");
    const shards = await divided.divide(2);
    await outbox.query("insert into outbox (aggregatetype, type) values ('order', 'placed')");
    const handlers = new RecordingHandlers();
    const stream = await outbox.source(divided.named(shards[0] as Shard)).open(handlers, NEVER);
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
    const shards = await divided.divide(2);
    await outbox.query(
      "alter table outbox attach partition outbox_2 for values from (100) to (9999)",
    );
    await divided.fill("text");
    expect(sorted(await divided.streamed(shards))).toEqual(ALL);
  });

  it("refuse a publication without a filter, with another shard's, and with one that is only like it", async () => {
    const [first] = await divided.divide(2);
    const { publication } = divided.named(first as Shard);
    const own = await divided.conditionOf(first as Shard);
    const set = (filter: string): Promise<unknown> =>
      outbox.query(`alter publication ${publication} set table outbox ${filter}`);
    for (const filter of [
      "",
      `where (${await divided.conditionOf({ index: 1, count: 2 })})`,
      `where (${await divided.conditionOf({ index: 0, count: 3 })})`,
      `where (${own.replace("80000000", "80000001")})`,
      `where (${own.replaceAll("aggregateid", "type")})`,
      `where (${own} and type <> 'x')`,
      `where (${own.replace("COALESCE(md5(\"aggregateid\"), '')", 'md5("aggregateid")')})`,
    ]) {
      await set(filter);
      expect([filter, await divided.codes(divided.named(first as Shard))]).toEqual([
        filter,
        ["halt CONFIG_SHARD"],
      ]);
      expect((await divided.migrate(first as Shard)).stderr).toContain("CONFIG_SHARD");
    }
    await set(`where (${own})`);
    expect(await divided.codes(divided.named(first as Shard))).toEqual([]);
  });

  it("are corrected by the statements that the finding names", async () => {
    const [first] = await divided.divide(2);
    const options = divided.named(first as Shard);
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
      expect([harm, await divided.codes(options)]).toEqual([harm, []]);
    }
  });

  it("see that a publication of the whole schema has no filter, whatever it lists", async () => {
    const [first] = await divided.divide(2);
    await outbox.query(
      `alter publication ${divided.named(first as Shard).publication} add tables in schema public`,
    );
    expect(await divided.codes(divided.named(first as Shard))).toContain("halt CONFIG_SHARD");
  });

  it("warn of a shard without slot, without publication, or with another division's", async () => {
    const [first, second] = await divided.divide(2);
    const other = divided.named(second as Shard);
    await outbox.query("select pg_drop_replication_slot($1)", [other.slot]);
    expect(await divided.codes(divided.named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
    await divided.createSlot(second as Shard);
    await outbox.query(
      `alter publication ${other.publication} set table outbox where (${await divided.conditionOf({ index: 1, count: 3 })})`,
    );
    expect(await divided.codes(divided.named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
    await outbox.query(`drop publication ${other.publication}`);
    expect(await divided.codes(divided.named(first as Shard))).toEqual(["warning SHARD_MISSING"]);
  });

  it("refuse to run beside a relay of another division of the same table, and warn of its slot", async () => {
    const shards = await divided.divide(2);
    await outbox.createSlot();
    const [first] = shards;
    expect(await divided.codes(divided.named(first as Shard))).toEqual(["warning SHARD_OVERLAP"]);
    const stream = await outbox.stream(new RecordingHandlers());
    expect(await divided.codes(divided.named(first as Shard))).toEqual(["halt SHARD_OVERLAP"]);
    await stream.close();
    const shard = await outbox
      .source(divided.named(first as Shard))
      .open(new RecordingHandlers(), NEVER);
    expect(await divided.codes({})).toContain("halt SHARD_OVERLAP");
    await shard.close();
  });

  it("refuse a key column that a filter cannot digest, here and in the migration", async () => {
    await divided.retypeKey("numeric");
    const { stderr, exitCode } = await divided.migrate({ index: 0, count: 2 });
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("RELAY_COLUMN_KEY");
    const options = {
      ...divided.named({ index: 0, count: 2 }),
      publications: [outbox.publication],
    };
    expect(await divided.codes(options)).toContain("halt CONFIG_COLUMN");
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
