import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import type { Catalog } from "../../../src/relay/capture/catalog.ts";
import { catalogFaults, ownerChanges } from "../../../src/relay/settle/catalog-changes.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

describe.each([14, 18] as const)("the look at the catalogs of Postgres %i", (major) => {
  let postgres: PostgresServer;
  let outbox: OutboxDatabase;
  let database: PgSourceDatabase;

  beforeAll(async () => {
    postgres = await startPostgres({ major });
    outbox = await OutboxDatabase.create(postgres.url);
    database = outbox.database();
    await outbox.query("create role somebody superuser", []);
  });

  afterAll(async () => {
    await outbox.drop();
    await postgres.stop();
  });

  /** Runs statements one after the other and answers the catalogs before and after. */
  async function around(...statements: string[]): Promise<[Catalog, Catalog]> {
    const { catalog: before } = await database.vantage(NEVER);
    for (const statement of statements) await outbox.query(statement, []);
    const { catalog: after } = await database.vantage(NEVER);
    return [before, after];
  }

  const codeAfter = async (...statements: string[]): Promise<string | null> => {
    const [before, after] = await around(...statements);
    return catalogFaults(before, after, false)[0]?.code ?? null;
  };

  it("sees nothing in statements that keep no row out of the stream", async () => {
    const [before, after] = await around(
      "alter table outbox add column note text",
      "alter table outbox alter column note set default 'x'",
      "create index on outbox (aggregateid)",
      "grant select on outbox to public",
      "comment on table outbox is 'x'",
      "alter table outbox set (fillfactor = 90)",
      "analyze outbox",
      "vacuum full outbox",
      "vacuum full pg_type",
      "vacuum freeze pg_publication",
      "truncate outbox",
      "alter table outbox enable row level security",
      "alter table outbox disable row level security",
    );
    expect(after).toEqual(before);
  });

  it("tells a change of owner from all others", async () => {
    const [before, after] = await around(
      `alter publication ${outbox.publication} owner to somebody`,
      "alter table outbox owner to somebody",
    );
    expect(after).not.toEqual(before);
    expect(catalogFaults(before, after, false)).toEqual([]);
    expect(ownerChanges(before, after)).toHaveLength(2);
  });

  it("sees a rename, another schema and another table of its name, also when it was taken back", async () => {
    await outbox.query("create schema elsewhere", []);
    await outbox.query("create table outbox_new (like outbox including all)", []);
    expect(
      await codeAfter("alter table outbox rename to away", "alter table away rename to outbox"),
    ).toBe("TABLE_RENAMED");
    expect(
      await codeAfter(
        "alter table outbox set schema elsewhere",
        "alter table elsewhere.outbox set schema public",
      ),
    ).toBe("TABLE_RENAMED");
    const swap = (away: string, next: string): string[] => [
      `alter table outbox rename to ${away}`,
      `alter table ${next} rename to outbox`,
    ];
    expect(await codeAfter(...swap("outbox_old", "outbox_new"))).toBe("PUBLICATION_CHANGED");
    await outbox.query("alter table outbox rename to outbox_new", []);
    await outbox.query("alter table outbox_old rename to outbox", []);
    const back = [...swap("outbox_old", "outbox_new"), ...swap("outbox_new", "outbox_old")];
    expect(await codeAfter(...back)).toBe("TABLE_RENAMED");
  });

  it("sees what is set otherwise for a while, and names what differs now", async () => {
    const { publication } = outbox;
    const [before, after] = await around(
      `alter publication ${publication} set (publish = 'delete')`,
      `alter publication ${publication} set (publish = 'insert')`,
    );
    const [fault] = catalogFaults(before, after, false);
    expect(fault?.message).toContain("Nothing that decides which rows come differs now");
    expect(
      await codeAfter(
        `alter publication ${publication} drop table outbox`,
        `alter publication ${publication} add table outbox`,
      ),
    ).toBe("PUBLICATION_CHANGED");
    const [was, is] = await around(`alter publication ${publication} drop table outbox`);
    expect(catalogFaults(was, is, false)[0]?.message).toContain("public.outbox in publication");
  });
});
