import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import { schemaNotes, treeFaults, treeWarnings } from "../../../src/relay/settle/tree-changes.ts";
import { remembered } from "../../../src/relay/settle/tree-memory.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

const COLUMNS = `id bigint not null, aggregatetype text not null, aggregateid text not null,
  type text not null, payload jsonb`;
const ROW = "(1, 'order', 'n', 'x', null)";
const TABLES = ["public.parted", "public.parent"];

describe.each([14, 18] as const)("the tree of outbox tables on Postgres %i", (major) => {
  let server: PostgresServer;
  let outbox: OutboxDatabase;
  let database: PgSourceDatabase;

  beforeAll(async () => {
    server = await startPostgres({ major });
    const first = await OutboxDatabase.create(server.url);
    await first.query("create role somebody superuser");
    await first.drop();
  });

  afterAll(async () => {
    await server.stop();
  });

  /** A table partitioned to two levels, and one with a child by INHERITS. */
  beforeEach(async () => {
    outbox = await OutboxDatabase.create(server.url);
    await outbox.query(
      `create table parted (${COLUMNS}, primary key (id, aggregateid, type)) partition by list (aggregateid)`,
    );
    await outbox.query("create table parted_a partition of parted for values in ('a')");
    await outbox.query(
      "create table parted_b partition of parted for values in ('b') partition by list (type)",
    );
    await outbox.query("create table parted_b_x partition of parted_b for values in ('x')");
    await outbox.query(`create table parent (${COLUMNS})`);
    await outbox.query("create table child () inherits (parent)");
    await outbox.query(`alter publication ${outbox.publication} set table parted, parent`);
    database = outbox.database({ tables: TABLES });
  });

  afterEach(async () => {
    await outbox.drop();
  });

  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements) await outbox.query(statement);
  };

  interface Told {
    readonly faults: string[];
    readonly warnings: string[];
    readonly notes: string[];
  }
  const NOTHING: Told = { faults: [], warnings: [], notes: [] };

  /** What is told after each list of statements, against all looks before it. */
  async function told(looked: PgSourceDatabase, ...lists: string[][]): Promise<Told> {
    let memory = remembered(null, (await looked.vantage(NEVER)).tree);
    let last = NOTHING;
    for (const statements of lists) {
      await run(...statements);
      const { tree } = await looked.vantage(NEVER);
      last = {
        faults: treeFaults(memory, tree, false).map(({ code, message }) => `${code} ${message}`),
        warnings: treeWarnings(memory, tree).map(({ code, message }) => `${code} ${message}`),
        notes: schemaNotes(memory, tree),
      };
      memory = remembered(memory, tree);
    }
    return last;
  }

  const fault = (code: string, table: string): Told => ({
    ...NOTHING,
    faults: [expect.stringMatching(`^${code} .*${table}`) as unknown as string],
  });
  const warning = (code: string, tables: string): Told => ({
    ...NOTHING,
    warnings: [expect.stringMatching(`^${code} ${tables} `) as unknown as string],
  });

  it("has no changes by statements that keep no row out of the stream", async () => {
    const everywhere = ["parted_a", "parted_b_x", "parent", "child"].flatMap((table) => [
      `alter table ${table} owner to somebody`,
      `alter table ${table} set (fillfactor = 90)`,
      `create index on ${table} (aggregateid)`,
      `grant select on ${table} to public`,
      `comment on table ${table} is 'x'`,
      `insert into ${table} values (1, 'order', '${table === "parted_a" ? "a" : "b"}', 'x', null)`,
      `analyze ${table}`,
      `vacuum full ${table}`,
      `truncate ${table}`,
      `reindex table ${table}`,
    ]);
    const rest = [
      "cluster parted_a using parted_a_pkey",
      "alter table parted add column note text default 'x'",
      "alter table parted alter column note set default 'y'",
      "alter table parent add column note text",
      "create table parted_c partition of parted for values in ('c')",
      "insert into parted values (1, 'order', 'c', 'x', null)",
      "create table born () inherits (parent)",
      "insert into born values (1, 'order', 'c', 'x', null)",
      "drop table born",
      "alter table parted_b detach partition parted_b_x",
      "drop table parted_b_x",
      "vacuum full pg_inherits",
      "vacuum freeze pg_inherits",
      "vacuum full pg_attribute",
      `alter publication ${outbox.publication} owner to somebody`,
    ];
    expect(await told(database, [...everywhere, ...rest], [])).toEqual(NOTHING);
  });

  it("is another one when a partition was detached and attached again, also over two looks", async () => {
    const away = ["alter table parted detach partition parted_a"];
    const back = ["alter table parted attach partition parted_a for values in ('a')"];
    const expected = fault("PUBLICATION_CHANGED", "public.parted_a");
    expect(await told(database, [...away, ...back])).toEqual(expected);
    expect(await told(database, away, [], back)).toEqual(expected);
    expect(await told(database, away, ["drop table parted_a"])).toEqual(NOTHING);
    expect(
      await told(database, [
        "alter table parted detach partition parted_b",
        "alter table parted attach partition parted_b for values in ('b')",
      ]),
    ).toEqual(fault("PUBLICATION_CHANGED", "public.parted_b"));
  });

  it("is another one when a child was taken out of its publication, its parent or its schema", async () => {
    const { publication } = outbox;
    const changed = fault("PUBLICATION_CHANGED", "public.child");
    expect(
      await told(database, [
        `alter publication ${publication} drop table only child`,
        `alter publication ${publication} add table only child`,
      ]),
    ).toEqual(changed);
    expect(
      await told(database, [
        "alter table child no inherit parent",
        "alter table child inherit parent",
      ]),
    ).toEqual(changed);
    await run("create schema elsewhere");
    for (const statements of [
      ["alter table child set schema elsewhere", "alter table elsewhere.child set schema public"],
      ["alter table child rename to away", "alter table away rename to child"],
    ]) {
      expect(await told(database, statements)).toEqual(fault("TABLE_RENAMED", "public.child"));
    }
    expect(await told(database, ["alter table child rename to grown"], [])).toEqual(NOTHING);
  });

  it("is another one when an outbox table was away from the table that is published", async () => {
    const leaf = outbox.database({ tables: ["public.parted_b_x"] });
    await run(`alter publication ${outbox.publication} set (publish_via_partition_root = false)`);
    for (const [above, below, bound] of [
      ["parted", "parted_b", "b"],
      ["parted_b", "parted_b_x", "x"],
    ]) {
      const away = [`alter table ${above} detach partition ${below}`];
      const back = [`alter table ${above} attach partition ${below} for values in ('${bound}')`];
      const expected = fault("PUBLICATION_CHANGED", "public.parted_b_x");
      expect(await told(leaf, [...away, ...back])).toEqual(expected);
      expect(await told(leaf, away)).toEqual(expected);
      await run(...back);
    }
    await run(`alter publication ${outbox.publication} add table parted_b_x`);
    expect(
      await told(leaf, [
        "alter table parted_b detach partition parted_b_x",
        "alter table parted_b attach partition parted_b_x for values in ('x')",
      ]),
    ).toEqual(NOTHING);
  });

  it("warns of tables that were attached with rows, in one transaction or two, and names all", async () => {
    const attach = (name: string, value: string): string =>
      `alter table parted attach partition ${name} for values in ('${value}')`;
    const made = (name: string): string => `create table ${name} (like parted including all)`;
    const filled = (name: string): string => `insert into ${name} values ${ROW.replace("n", "f")}`;
    expect(
      await told(database, [
        "begin",
        made("filled"),
        filled("filled"),
        attach("filled", "f"),
        "commit",
      ]),
    ).toMatchObject({ warnings: warning("PARTITION_ATTACHED", "public.filled").warnings });
    const many = Array.from({ length: 25 }, (_, at) => `late_${at}`);
    const { warnings } = await told(
      database,
      many.flatMap((name) => [
        made(name),
        `insert into ${name} values (1, 'order', '${name}', 'x', null)`,
        attach(name, name),
      ]),
    );
    for (const name of many) expect(warnings.join()).toContain(`public.${name}`);
    expect(warnings).toHaveLength(2);
  });

  it("names a table that was attached empty and filled before the look, and says that it may be right", async () => {
    const { warnings, faults } = await told(database, [
      "create table empty (like parted including all)",
      "alter table parted attach partition empty for values in ('n')",
      `insert into parted values ${ROW}`,
    ]);
    expect(warnings).toEqual([expect.stringMatching(/public\.empty .*do not tell them apart/)]);
    expect(faults).toEqual([]);
  });

  it("warns of a branch that was attached with rows in its partitions", async () => {
    expect(
      await told(database, [
        "begin",
        `create table branch (${COLUMNS}, primary key (id, aggregateid, type)) partition by list (type)`,
        "create table branch_x partition of branch for values in ('x')",
        `insert into branch values ${ROW}`,
        "alter table parted attach partition branch for values in ('n')",
        "commit",
      ]),
    ).toMatchObject({ warnings: warning("PARTITION_ATTACHED", "public.branch").warnings });
  });

  it("warns of a child that was filled before the publication had it", async () => {
    const born = ["create table born () inherits (parent)", `insert into born values ${ROW}`];
    const added = `alter publication ${outbox.publication} add table only born`;
    expect(await told(database, [...born, added])).toEqual(
      warning("PARTITION_ATTACHED", "public.born"),
    );
    const together = [
      "begin",
      ...born.map((one) => one.replace("born", "twin")),
      added.replace("born", "twin"),
      "commit",
    ];
    expect(await told(database, together)).toEqual(NOTHING);
  });

  it("does not warn of a table that was attached empty, whatever comes into it later", async () => {
    for (const [name, begin, end] of [
      ["empty", [], []],
      ["premade", ["begin"], ["commit"]],
    ] as const) {
      const attached = [
        `create table ${name} (like parted including all)`,
        `alter table parted attach partition ${name} for values in ('${name}')`,
      ];
      const filled = [`insert into parted values (1, 'order', '${name}', 'x', null)`];
      expect(await told(database, [...begin, ...attached, ...end], filled, [])).toEqual(NOTHING);
    }
  });

  it("warns of a table that was unlogged for a while, and of none that cannot have been", async () => {
    const unlogged = (table: string): string[] => [
      `alter table ${table} set unlogged`,
      `insert into ${table} values (1, 'order', 'a', 'x', null)`,
      `alter table ${table} set logged`,
    ];
    expect(await told(database, unlogged("parted_a"))).toEqual(
      warning("TABLE_REWRITTEN", "public.parted_a"),
    );
    const retyped = ["alter table parent alter column payload type json"];
    expect(await told(database, retyped)).toEqual(NOTHING);
    await expect(outbox.query("alter table parent set unlogged")).rejects.toThrow("publication");
    await run(
      `drop publication ${outbox.publication}`,
      `create publication ${outbox.publication} for all tables with (publish = 'insert')`,
    );
    expect(await told(database, unlogged("parent"))).toEqual(
      warning("TABLE_REWRITTEN", "public.parent"),
    );
    expect(
      await told(database, ["vacuum full parent", "truncate parent", "reindex table parent"]),
    ).toEqual(NOTHING);
  });

  it("notes a schema that was renamed and renamed back, and explains a grant by itself", async () => {
    expect(
      await told(database, [
        "alter schema public rename to away",
        "alter schema away rename to public",
      ]),
    ).toEqual({ ...NOTHING, notes: [expect.stringMatching(/^the schema public was altered/)] });
    const revoked = ["revoke create on schema public from somebody"];
    expect(await told(database, ["grant create on schema public to somebody"])).toEqual(NOTHING);
    expect(await told(database, revoked)).toEqual(NOTHING);
    expect(await told(database, ["alter schema public owner to somebody"])).toEqual(NOTHING);
  });
});
