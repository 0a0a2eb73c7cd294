import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { MajorServer } from "../../support/postgres/major-server.ts";
import type { CommandResult } from "../../support/relay/fixture.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms" };
const ROW = "(aggregatetype, aggregateid, type, payload)";
/** The migration's identity column is none in a child. */
const CHILD = "alter table child alter write_order set default 0";

interface Halt {
  readonly what: string;
  readonly cause: (publication: string) => readonly string[];
  /** What the relay shows, and the command says, while the cause is there. */
  readonly code: string;
  readonly gone: (publication: string) => readonly string[];
  /** What is accepted then. */
  readonly accepted: string;
}

const HALTS: readonly Halt[] = [
  {
    what: "a publication without inserts",
    cause: (publication) => [`alter publication ${publication} set (publish = 'delete')`],
    code: "CONFIG_PUBLICATION",
    gone: (publication) => [`alter publication ${publication} set (publish = 'insert')`],
    accepted: "PUBLICATION_CHANGED",
  },
  {
    what: "a table that is not published",
    cause: (publication) => [`alter publication ${publication} drop table outbox`],
    code: "CONFIG_PUBLICATION",
    gone: (publication) => [`alter publication ${publication} add table outbox`],
    accepted: "PUBLICATION_CHANGED",
  },
  {
    what: "a table that has another name",
    cause: () => ["alter table outbox rename to outbox_away"],
    code: "CONFIG_TABLE",
    gone: () => ["alter table outbox_away rename to outbox"],
    accepted: "PUBLICATION_CHANGED",
  },
  {
    what: "a child that is not published",
    cause: () => ["create table child () inherits (outbox)", CHILD],
    code: "CONFIG_PUBLICATION",
    gone: (publication) => [`alter publication ${publication} add table only child`],
    accepted: "CONFIG_PUBLICATION",
  },
  {
    what: "an unlogged child",
    cause: () => ["create unlogged table child () inherits (outbox)", CHILD],
    code: "CONFIG_TABLE",
    gone: (publication) => [
      "alter table child set logged",
      `alter publication ${publication} add table only child`,
    ],
    accepted: "CONFIG_TABLE",
  },
];

describe.each([14, 18] as const)("a command that accepts, with Postgres %i", (major) => {
  const server = new MajorServer(major);
  let fixture: RelayFixture;
  let relay: RelayProcess;

  beforeEach(async () => {
    fixture = await RelayFixture.create(`accept${major}`, { postgresUrl: server.url });
    relay = await fixture.streaming(SETTINGS);
    await fixture.insert("before");
    await fixture.caughtUp(relay);
  });

  afterEach(() => fixture.close());

  async function run(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await fixture.client.query(statement);
  }

  function accept(): Promise<CommandResult> {
    return fixture.command(["accept", "publication"]);
  }

  /** The relay goes on by itself, and what it has published is this. */
  async function expectPublished(keys: readonly string[]): Promise<void> {
    await relay.reaches("streaming");
    await fixture.insert("after");
    await fixture.caughtUp(relay);
    const published = (await fixture.read()).map(({ key }) => String(key));
    expect(published.toSorted()).toEqual([...keys, "after"].toSorted());
  }

  it.each(HALTS)(
    "refuses while the cause is there, and works after it: $what",
    async ({ cause, code, gone, accepted }) => {
      const { publication } = fixture.names;
      await run(cause(publication));
      await relay.reaches("failed", code);
      const refused = await accept();
      expect(refused).toMatchObject({ code: 78, stdout: "" });
      expect(refused.stderr).toMatch(new RegExp(`^${code}: nothing was accepted`));
      await run(gone(publication));
      const done = await accept();
      expect(`${done.code} ${done.stderr}`).toBe("0 ");
      expect(done.stdout).toMatch(new RegExp(`^accepted: ${accepted}: `));
      await expectPublished(["before"]);
    },
  );

  it("refuses for good where the stream cannot pass a row that was written without the publication; repair goes on", async () => {
    const { publication } = fixture.names;
    await run([`drop publication ${publication}`]);
    await fixture.insert("without");
    await run([`create publication ${publication} for table outbox with (publish = 'insert')`]);
    const code = major === 18 ? "PUBLICATION_SKIPPED" : "PUBLICATION_MISSING";
    await relay.reaches("failed", code);
    expect((await accept()).stderr).toMatch(new RegExp(`^${code}: `));
    const repair = await fixture.command(["repair"]);
    expect(`${repair.code} ${repair.stderr}`).toBe("0 ");
    await expectPublished(["before", "without"]);
  });

  it("refuses to decide about rows of a dropped table while another cause is there", async () => {
    await relay.stop();
    const { publication } = fixture.names;
    await run([
      "create table child () inherits (outbox)",
      CHILD,
      `alter publication ${publication} add table only child`,
      `insert into child ${ROW} values ('order', 'child', 'Placed', '{}')`,
      "drop table child",
      "create unlogged table other () inherits (outbox)",
    ]);
    relay = fixture.start(SETTINGS);
    await relay.reaches("failed", "CONFIG_TABLE");
    const decide = ["accept", "table", "public.child", "--publish"];
    expect((await fixture.command(decide)).stderr).toMatch(/^CONFIG_TABLE: nothing was accepted/);
    await run(["drop table other"]);
    expect((await fixture.command(decide)).stderr).toMatch(/^CONFIG_TABLE: /);
    expect((await accept()).code).toBe(0);
    await relay.reaches("failed", "TABLE_UNKNOWN");
    expect((await fixture.command(decide)).code).toBe(0);
    await expectPublished(["before", "child"]);
  });

  it("goes on once the rows of a foreign part are inserted as its hint says, and each comes once", async () => {
    const { hostname, port, pathname, username, password } = new URL(fixture.database.url);
    const options = `host '${hostname}', port '${port}', dbname '${pathname.slice(1)}'`;
    await run([
      "create table elsewhere (like outbox)",
      `insert into elsewhere select (o).* from (select outbox from outbox) as t (o)`,
      "update elsewhere set id = gen_random_uuid(), aggregateid = 'far'",
      "create extension postgres_fdw",
      `create server far foreign data wrapper postgres_fdw options (${options})`,
      `create user mapping for current_user server far options (user '${username}', password '${password}')`,
      "create foreign table far () inherits (outbox) server far options (table_name 'elsewhere')",
    ]);
    const { hint } = await relay.reaches("failed", "CONFIG_TABLE");
    const statements = String(hint).match(/(?:ALTER|INSERT) .*?;/g) ?? [];
    expect(statements).toEqual([
      expect.stringContaining("NO INHERIT"),
      expect.stringContaining("INSERT INTO public.outbox"),
    ]);
    await run(statements);
    // A second time by mistake: the rows are there.
    await run(statements.slice(1));
    expect((await accept()).code).toBe(0);
    await expectPublished(["before", "far"]);
  });
});
