import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Options } from "./outbox-database.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

let outbox: OutboxDatabase;

async function findings(options: Partial<Options> = {}): Promise<readonly Finding[]> {
  const database = outbox.database(options);
  try {
    return await database.preflight(NEVER);
  } finally {
    await database.close();
  }
}

/** Each finding as `severity CODE`, and all texts of all findings. */
async function seen(options: Partial<Options> = {}): Promise<{ list: string[]; text: string }> {
  const found = await findings(options);
  return {
    list: found.map(({ severity, code }) => `${severity} ${code}`),
    text: found.map(({ message, hint }) => `${message}\n${hint}`).join("\n"),
  };
}

describe("preflight", () => {
  beforeEach(async () => {
    outbox = await OutboxDatabase.create();
  });

  afterEach(async () => {
    await outbox.drop();
  });

  it("warns of a database that checks no text", async () => {
    const name = `${outbox.publication}_ascii`;
    await outbox.query(
      `create database ${name} template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`,
    );
    const url = new URL(outbox.url);
    url.pathname = `/${name}`;
    const { list } = await seen({ connectionString: url.href });
    await outbox.query(`drop database ${name} with (force)`);
    expect(list).toContain("warning CONFIG_ENCODING");
  });

  it("finds nothing in a good database", async () => {
    expect(await findings()).toEqual([]);
  });

  it("tells everything that is wrong at once", async () => {
    const { url } = await outbox.role("");
    await outbox.query("alter table outbox drop column type");
    await outbox.query(`alter publication ${outbox.publication} set (publish = 'update')`);
    await outbox.query("select pg_create_physical_replication_slot($1)", [outbox.slot]);
    const { list, text } = await seen({
      connectionString: url,
      tables: ["public.outbox", "shop.missing"],
    });
    expect(list).toEqual([
      "halt CONFIG_ROLE",
      "halt CONFIG_SLOT",
      "halt CONFIG_COLUMN",
      "halt CONFIG_TABLE",
      "halt CONFIG_PUBLICATION",
      "warning CONFIG_REPAIR",
    ]);
    expect(text).toContain("shop.missing");
    expect(text).toContain("RELAY_COLUMN_TYPE");
  });

  it("asks for the right to replicate, with the command that gives it", async () => {
    const { name, url } = await outbox.role("");
    const { list, text } = await seen({ connectionString: url });
    expect(list).toEqual(["halt CONFIG_ROLE", "warning CONFIG_REPAIR"]);
    await outbox.query(`grant select on outbox to ${name}`);
    expect(text).toContain(`ALTER ROLE ${name} REPLICATION;`);
    await outbox.query(`alter role ${name} replication`);
    expect(await findings({ connectionString: url })).toEqual([]);
  });

  it("takes a member of rds_replication for a role that may replicate", async () => {
    const { name, url } = await outbox.role("");
    await outbox.query("create role rds_replication nologin");
    await outbox.query(`grant rds_replication to ${name}`);
    await outbox.query(`grant select on outbox to ${name}`);
    const found = await findings({ connectionString: url });
    await outbox.query("drop role rds_replication");
    expect(found).toEqual([]);
  });

  it("misses a publication, and writes the statement that creates it", async () => {
    await outbox.query(`drop publication ${outbox.publication}`);
    const [finding, ...others] = await findings();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "CONFIG_PUBLICATION", severity: "halt" });
    const statement = /CREATE PUBLICATION .*?;/.exec(finding?.hint ?? "")?.[0] ?? "";
    await outbox.query(statement);
    expect(await findings()).toEqual([]);
  });

  it("misses the table in the publication, and writes the statement that adds it", async () => {
    await outbox.query(`alter publication ${outbox.publication} drop table outbox`);
    const [finding] = await findings();
    expect(finding).toMatchObject({ code: "CONFIG_PUBLICATION", severity: "halt" });
    await outbox.query(/ALTER PUBLICATION .*?;/.exec(finding?.hint ?? "")?.[0] ?? "");
    expect(await findings()).toEqual([]);
  });

  it("warns of operations that the relay does not read", async () => {
    await outbox.query(
      `alter publication ${outbox.publication} set (publish = 'insert, update, delete, truncate')`,
    );
    const { list, text } = await seen();
    expect(list).toEqual(["warning CONFIG_PUBLICATION"]);
    expect(text).toContain("update, delete, truncate");
  });

  it("halts at a publication without inserts", async () => {
    await outbox.query(`alter publication ${outbox.publication} set (publish = 'delete')`);
    expect((await seen()).list).toEqual(["halt CONFIG_PUBLICATION"]);
  });

  it("refuses a row filter, whose NULLs and failures would lose rows or stop decoding [64: H]", async () => {
    await outbox.query(
      `alter publication ${outbox.publication} set table outbox where (aggregatetype = 'order')`,
    );
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_PUBLICATION"]);
    expect(text).toContain("filters");
  });

  it("warns of a column list, and halts when it hides a column that is needed", async () => {
    const set = (columns: string): Promise<unknown> =>
      outbox.query(`alter publication ${outbox.publication} set table outbox (${columns})`);
    await set("id, aggregatetype, aggregateid, type, payload");
    expect((await seen()).list).toEqual(["warning CONFIG_PUBLICATION"]);
    await set("id, aggregatetype, type, payload");
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_PUBLICATION"]);
    expect(text).toContain("aggregateid");
  });

  it("halts when a needed column is generated and not published", async () => {
    await outbox.query("alter table outbox drop column type");
    await outbox.query("alter table outbox add type text generated always as ('placed') stored");
    expect((await seen()).list).toEqual(["halt CONFIG_PUBLICATION"]);
    await outbox.query(
      `alter publication ${outbox.publication} set (publish_generated_columns = stored)`,
    );
    expect((await seen()).list).toEqual([]);
  });

  it("halts at a headers column that a setting names and the table lacks, and only then", async () => {
    expect((await seen({ areHeadersRequired: true })).list).toEqual(["halt CONFIG_COLUMN"]);
    await outbox.query("alter table outbox add meta jsonb");
    const { list, text } = await seen();
    expect(list).toEqual(["warning CONFIG_COLUMN"]);
    expect(text).toContain("RELAY_COLUMN_HEADERS=meta");
    const without = { ...outbox.options.columns, headers: "" };
    expect(await findings({ columns: without })).toEqual([]);
  });

  it("halts when the headers column is generated and not published", async () => {
    await outbox.query(
      `alter table outbox add headers jsonb
         generated always as (('{"trace": "' || aggregateid || '"}')::jsonb) stored`,
    );
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_PUBLICATION"]);
    expect(text).toContain("headers");
  });

  it("halts when the headers column is gone that was there at an earlier look", async () => {
    await outbox.query("alter table outbox add headers jsonb");
    const database = outbox.database();
    expect((await database.vantage(NEVER)).findings).toEqual([]);
    await outbox.query("alter table outbox rename headers to meta");
    const lost = expect.objectContaining({ code: "COLUMN_MISSING", severity: "halt" });
    expect((await database.vantage(NEVER)).findings).toEqual([lost]);
    expect(await database.preflight(NEVER)).toContainEqual(lost);
    await outbox.query("alter table outbox rename meta to headers");
    expect((await database.vantage(NEVER)).findings).toEqual([]);
  });

  it("halts at a partitioned table whose publication names its partitions instead", async () => {
    await outbox.query(`create table parted (like outbox) partition by range (id)`);
    await outbox.query("create table parted_1 partition of parted for values from (0) to (1000)");
    await outbox.query(`alter publication ${outbox.publication} set table parted`);
    expect(await findings({ tables: ["public.parted"] })).toEqual([]);
    await outbox.query(
      `alter publication ${outbox.publication} set (publish_via_partition_root = false)`,
    );
    const { list, text } = await seen({ tables: ["public.parted"] });
    expect(list).toEqual(["halt CONFIG_PUBLICATION"]);
    expect(text).toContain("publish_via_partition_root");
  });

  it("accepts publications of all tables and of a schema", async () => {
    for (const scope of ["all tables", "tables in schema public"]) {
      await outbox.query(`drop publication ${outbox.publication}`);
      await outbox.query(
        `create publication ${outbox.publication} for ${scope} with (publish = 'insert')`,
      );
      expect(await findings()).toEqual([]);
    }
  });

  it("halts at tables whose rows never reach the WAL", async () => {
    await outbox.query("create unlogged table quick (like outbox)");
    await outbox.query("create view shown as select * from outbox");
    const { list, text } = await seen({ tables: ["public.quick", "public.shown"] });
    expect(list.filter((finding) => finding === "halt CONFIG_TABLE")).toHaveLength(2);
    expect(text).toContain("unlogged");
    expect(text).toContain("view");
  });

  it.each([
    ["type", "jsonb", "RELAY_COLUMN_TYPE"],
    ["aggregatetype", "bytea", "RELAY_COLUMN_ROUTE"],
    ["aggregateid", "text[]", "RELAY_COLUMN_KEY"],
    ["payload", "text[]", "RELAY_COLUMN_PAYLOAD"],
  ])("halts when column %s is of type %s", async (column, type, setting) => {
    await outbox.query(`alter table outbox drop column ${column}`);
    await outbox.query(`alter table outbox add ${column} ${type}`);
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_COLUMN"]);
    expect(text).toContain(setting);
    expect(text).toContain(type);
  });

  it("understands quoted names of schema, table and publication", async () => {
    await outbox.query(`create schema "My.Shop"`);
    await outbox.query(`create table "My.Shop"."Out""Box" (like outbox)`);
    await outbox.query(
      `create publication "Odd Pub" for table "My.Shop"."Out""Box" with (publish = 'insert')`,
    );
    const options = { tables: [`"My.Shop"."Out""Box"`], publications: ["Odd Pub"] };
    expect(await findings(options)).toEqual([]);
    const handlers = new RecordingHandlers();
    await outbox.stream(handlers, options);
    await outbox.query(`insert into "My.Shop"."Out""Box" values (1, 'order', 'k', 'placed', '{}')`);
    await handlers.untilInserts(1);
  });

  it.each([
    ["plugin", "select pg_create_logical_replication_slot($1, 'test_decoding')", "test_decoding"],
    [
      "two-phase commit",
      "select pg_create_logical_replication_slot($1, 'pgoutput', false, true)",
      "two-phase",
    ],
    ["kind", "select pg_create_physical_replication_slot($1)", "physical"],
  ])("halts at a slot of another %s", async (_, create, word) => {
    await outbox.query(create, [outbox.slot]);
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_SLOT"]);
    expect(text).toContain(word);
  });

  it("halts at a temporary slot", async () => {
    await outbox.query("select pg_create_logical_replication_slot($1, 'pgoutput', true)", [
      outbox.slot,
    ]);
    const { list, text } = await seen();
    expect(list).toEqual(["halt CONFIG_SLOT"]);
    expect(text).toContain("temporary");
  });

  it.each([
    [
      "a wrong password",
      (url: URL) => {
        url.password = "secret-word";
      },
      "halt POSTGRES_AUTHENTICATION",
    ],
    [
      "a missing database",
      (url: URL) => {
        url.pathname = "/nowhere";
      },
      "halt POSTGRES_DATABASE_MISSING",
    ],
    [
      "nobody listening",
      (url: URL) => {
        url.port = "1";
      },
      "retry POSTGRES_UNREACHABLE",
    ],
  ])("makes one finding of %s", async (_, change, expected) => {
    const url = new URL(outbox.url);
    change(url);
    const { list, text } = await seen({ connectionString: url.href });
    expect(list).toEqual([expected]);
    expect(text).not.toContain("secret-word");
  });
});
