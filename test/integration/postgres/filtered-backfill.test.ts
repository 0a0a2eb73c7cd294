import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Options } from "./outbox-database.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

let database: OutboxDatabase;

beforeEach(async () => {
  database = await OutboxDatabase.create();
  await run(
    "alter table outbox alter id drop identity",
    "alter table outbox alter id type text, alter payload type text",
    "create table child () inherits (outbox)",
    "create table open_child () inherits (child)",
    "create table parted (like outbox) partition by list (type)",
    "create table parted_a partition of parted default",
  );
});

afterEach(() => database.drop());

async function run(...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await database.query(statement);
}

/** Listed one by one, because a table brings the children below it along. */
async function publish(...listings: readonly string[]): Promise<void> {
  await run(`alter publication ${database.publication} drop table only outbox`);
  for (const listing of listings) {
    await run(`alter publication ${database.publication} add table only ${listing}`);
  }
}

/** Rows whose payload is `yes`, `no` and NULL. */
async function fill(...tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    for (const payload of ["'yes'", "'no'", "null"]) {
      await run(
        `insert into ${table} values ('${table} ' || coalesce(${payload}, 'null'), 'order', 'k', 't', ${payload})`,
      );
    }
  }
}

async function candidates(options: Partial<Options> = {}): Promise<string[]> {
  const tables = ["public.outbox", "public.parted"];
  const rows = await database
    .source({ tables, rowFilter: "allow", ...options })
    .planBackfill(null, NEVER);
  const ids: string[] = [];
  await rows.next(({ id }) => ids.push(id), NEVER);
  await rows.close();
  expect([rows.candidates, rows.tableRows]).toEqual([ids.length, ids.length]);
  return ids.toSorted();
}

describe("rows from before a slot, with a row filter that is wanted", () => {
  it("are those that the stream would have brought, by the filter of each table and child", async () => {
    await publish(
      "outbox where (payload = 'yes')",
      "child where (payload = 'no')",
      "open_child",
      "parted where (payload is null)",
    );
    await fill("outbox", "child", "open_child", "parted");
    expect(await candidates()).toEqual([
      "child no",
      "open_child no",
      "open_child null",
      "open_child yes",
      "outbox yes",
      "parted null",
    ]);
    expect(await candidates({ rowFilter: "refuse" })).toHaveLength(12);
  });

  it("are all of a table that another publication brings without one", async () => {
    await publish("outbox where (payload = 'yes')", "parted where (payload = 'yes')");
    const second = `${database.publication}_2`;
    await run(`create publication ${second} for table only outbox where (payload = 'no')`);
    await fill("outbox", "parted");
    const publications = [database.publication, second];
    expect(await candidates({ publications })).toEqual(["outbox no", "outbox yes", "parted yes"]);
    await run(`alter publication ${second} set tables in schema public`);
    expect(await candidates({ publications })).toHaveLength(6);
  });
});
