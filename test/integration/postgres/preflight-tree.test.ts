import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { MajorServer } from "../../support/postgres/major-server.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

const COLUMNS = `id bigint not null, aggregatetype text not null, aggregateid text not null,
  type text not null, payload jsonb`;
const TABLES = ["public.parted", "public.parent"];

/** Partition keys and what a repair can read have tests of their own. */
function isOfTheTree({ code }: Finding): boolean {
  return code !== "CONFIG_REPAIR" && code !== "PARTITION_KEY";
}

/** As text, to compare: severity, code and the first table named. */
function brief(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ severity, code, message }) =>
      `${severity} ${code} ${/(?:public|pg_temp_\d+)\.\w+/.exec(message)?.[0] ?? ""}`,
  );
}

describe.each([14, 18] as const)("the tables below an outbox table on Postgres %i", (major) => {
  const server = new MajorServer(major);
  let outbox: OutboxDatabase;
  let database: PgSourceDatabase;

  /** A table partitioned to two levels, and one with a child by INHERITS; all is well with both. */
  beforeEach(async () => {
    outbox = await OutboxDatabase.create(server.url);
    await outbox.query(`create table parted (${COLUMNS}) partition by list (aggregateid)`);
    await outbox.query("create table parted_a partition of parted for values in ('a')");
    await outbox.query(
      "create table parted_b partition of parted for values in ('b') partition by list (type)",
    );
    await outbox.query("create table parted_b_x partition of parted_b for values in ('x')");
    await outbox.query(`create table parent (${COLUMNS})`);
    await outbox.query("create table child () inherits (parent)");
    await outbox.query(`alter publication ${outbox.publication} set table parted, parent`);
    await outbox.createSlot();
    database = outbox.database({ tables: TABLES });
  });

  afterEach(async () => {
    await outbox.drop();
  });

  /** What preflight finds; the look while streaming must find the same. */
  async function seen(): Promise<readonly Finding[]> {
    const atStart = (await database.preflight(NEVER)).filter(isOfTheTree);
    const { findings } = await database.vantage(NEVER);
    expect(findings).toEqual(atStart);
    return findings;
  }

  it("are no finding when all of them are published, and neither are new partitions", async () => {
    await outbox.query("create table parted_c partition of parted for values in ('c')");
    await outbox.query("insert into parted values (1, 'order', 'c', 'x', null)");
    await outbox.query("alter table parted add column note text");
    expect(await seen()).toEqual([]);
  });

  it("halt when unlogged at any depth, foreign or temporary, and the statements repair it", async () => {
    await outbox.query("create extension postgres_fdw");
    await outbox.query("create server far foreign data wrapper postgres_fdw");
    await outbox.query("alter table parted_b_x set unlogged");
    await outbox.query(
      "create foreign table far partition of parted for values in ('f') server far",
    );
    await outbox.query("create temp table passing () inherits (parent)");
    const found = await seen();
    expect(brief(found)).toEqual([
      "halt CONFIG_TABLE public.far",
      expect.stringMatching(/^halt CONFIG_TABLE pg_temp_\d+\.passing$/),
      "halt CONFIG_TABLE public.parted_b_x",
    ]);
    for (const statement of found.flatMap(({ sql = [] }) => sql)) await outbox.query(statement);
    await outbox.query("alter table passing no inherit parent");
    expect(await seen()).toEqual([]);
  });

  it("tell the statement by which rows of a foreign one become new rows, once each", async () => {
    const { hostname, port, pathname, username, password } = new URL(outbox.url);
    await outbox.query("alter table parted add column txid xid8 default pg_current_xact_id()");
    await outbox.query("create table elsewhere (like parted)");
    await outbox.query(
      "insert into elsewhere values (1, 'order', 'f', 't', null, '3'), (2, 'order', 'f', 't', null, '4')",
    );
    await outbox.query("create extension postgres_fdw");
    await outbox.query(
      `create server far foreign data wrapper postgres_fdw options (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}')`,
    );
    await outbox.query(
      `create user mapping for current_user server far options (user '${username}', password '${password}')`,
    );
    await outbox.query(
      "create foreign table far partition of parted for values in ('f') server far options (table_name 'elsewhere')",
    );
    const [found] = await seen();
    for (const statement of found?.sql ?? []) await outbox.query(statement);
    await outbox.query("create table parted_f partition of parted for values in ('f')");
    const insert = /INSERT INTO .*?;/.exec(found?.hint ?? "")?.[0] ?? "";
    await outbox.query(insert);
    expect(
      await outbox.query(
        "select id::int, txid = pg_current_xact_id() or txid > '100' as \"isNew\" from parted order by id",
      ),
    ).toEqual([
      { id: 1, isNew: true },
      { id: 2, isNew: true },
    ]);
  });

  it("halt at a child that came after the publication, and at one that was taken out", async () => {
    await outbox.query("create table late () inherits (child)");
    await outbox.query(`alter publication ${outbox.publication} drop table only child`);
    const found = await seen();
    expect(brief(found)).toEqual(["halt CONFIG_PUBLICATION public.child"]);
    expect(found[0]?.message).toContain("public.late");
    for (const statement of found.flatMap(({ sql = [] }) => sql)) await outbox.query(statement);
    expect(await seen()).toEqual([]);
  });

  it("warn of a table that is published and is no outbox, and not of what all tables publish", async () => {
    await outbox.query("create table other (id int primary key)");
    await outbox.query(`alter publication ${outbox.publication} add table other`);
    expect(brief(await seen())).toEqual(["warning TABLE_UNLISTED public.other"]);
    await outbox.query(`drop publication ${outbox.publication}`);
    await outbox.query(
      `create publication ${outbox.publication} for all tables
         with (publish = 'insert', publish_via_partition_root = true)`,
    );
    expect(await seen()).toEqual([]);
  });
});

describe.each([14, 18] as const)("the name under which rows come from Postgres %i", (major) => {
  const server = new MajorServer(major);
  let outbox: OutboxDatabase;

  beforeEach(async () => {
    outbox = await OutboxDatabase.create(server.url);
    await outbox.query(`create table parted (${COLUMNS}) partition by list (aggregateid)`);
    await outbox.query("create table parted_a partition of parted for values in ('a')");
    await outbox.query(`drop publication ${outbox.publication}`);
  });

  afterEach(async () => {
    await outbox.drop();
  });

  /** Findings for a relay of the partition, and the name under which a row of it comes. */
  async function seen(tables = ["public.parted_a"]): Promise<readonly Finding[]> {
    return (await outbox.database({ tables }).preflight(NEVER)).filter(
      (finding) => isOfTheTree(finding) && finding.code !== "TABLE_UNLISTED",
    );
  }

  it.each([
    ["for table parted", true],
    ["for table parted, parted_a", true],
    ["for all tables", true],
    ["for table parted_a", false],
  ])("is the partition's or the root's in a publication %s", async (scope, isRoot) => {
    await outbox.query(
      `create publication ${outbox.publication} ${scope}
         with (publish = 'insert', publish_via_partition_root = true)`,
    );
    await outbox.createSlot();
    await outbox.query("insert into parted values (1, 'order', 'a', 'x', null)");
    const messages = await outbox.query<{ data: Buffer }>(
      "select data from pg_logical_slot_peek_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', $2)",
      [outbox.slot, outbox.publication],
    );
    const relation = messages.find(({ data }) => data[0] === 0x52)?.data.toString("latin1") ?? "";
    expect(relation.includes("parted_a")).toBe(!isRoot);
    const found = await seen();
    expect(brief(found)).toEqual(isRoot ? ["halt CONFIG_PUBLICATION public.parted_a"] : []);
    expect(found.every(({ hint }) => hint.includes("public.parted in place of"))).toBe(true);
    expect(brief(await seen(["public.parted", "public.parted_a"]))).toEqual(
      isRoot ? [] : ["halt CONFIG_PUBLICATION public.parted"],
    );
  });

  it("is the root's if any publication publishes the root, and the partition's if none does so", async () => {
    const { publication } = outbox;
    const create = (name: string, table: string, viaRoot: boolean): Promise<unknown> =>
      outbox.query(
        `create publication ${name} for table ${table}
           with (publish = 'insert', publish_via_partition_root = ${viaRoot})`,
      );
    await create(publication, "parted_a", false);
    await create(`${publication}_2`, "parted", true);
    const options = {
      tables: ["public.parted_a"],
      publications: [publication, `${publication}_2`],
    };
    const preflight = async (): Promise<string[]> =>
      brief(await outbox.database(options).preflight(NEVER));
    expect(await preflight()).toEqual(["halt CONFIG_PUBLICATION public.parted_a"]);
    await outbox.query(
      `alter publication ${publication}_2 set (publish_via_partition_root = false)`,
    );
    expect(await preflight()).toEqual([]);
  });

  it("is no use where a rule sends rows elsewhere, and all right where it stays in the outbox", async () => {
    await outbox.query(`create table parent (${COLUMNS})`);
    await outbox.query("create table child () inherits (parent)");
    await outbox.query(`create table other (${COLUMNS})`);
    await outbox.query(
      `create publication ${outbox.publication} for table parent with (publish = 'insert')`,
    );
    const rule = (action: string): Promise<unknown> =>
      outbox.query(`create or replace rule away as on insert to parent do instead ${action}`);
    await rule("insert into child values (new.*)");
    expect(await seen(["public.parent"])).toEqual([]);
    for (const action of ["nothing", "insert into other values (new.*)"]) {
      await rule(action);
      expect(brief(await seen(["public.parent"]))).toEqual(["warning CONFIG_TABLE public.parent"]);
    }
  });
});

describe("children with a row filter or a column list", () => {
  let outbox: OutboxDatabase;

  afterEach(async () => {
    await outbox.drop();
  });

  it("halt when it is not the parent's", async () => {
    outbox = await OutboxDatabase.create();
    await outbox.query("create table child () inherits (outbox)");
    const database = outbox.database();
    const { publication } = outbox;
    for (const own of ["(id, aggregatetype, aggregateid, type)", "where (type = 'x')"]) {
      await outbox.query(
        `alter publication ${publication} set table only outbox, only child ${own}`,
      );
      const found = await database.preflight(NEVER);
      expect(brief(found)).toEqual(["halt CONFIG_PUBLICATION public.child"]);
      for (const statement of found.flatMap(({ sql = [] }) => sql)) await outbox.query(statement);
      expect(await database.preflight(NEVER)).toEqual([]);
    }
  });
});
