import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import type { PgSourceDatabase } from "../../../src/postgres/source-database.ts";
import { NEVER, OutboxDatabase } from "./outbox-database.ts";

const COLUMNS =
  "id bigint not null, aggregatetype text not null, aggregateid text not null, type text not null, payload jsonb";
const ATTACH = "alter table above attach partition outbox for values in ('x')";
const DETACH = "alter table above detach partition outbox";

describe.each([14, 18] as const)(
  "a partitioned table beside the outbox, on Postgres %i",
  (major) => {
    let postgres: PostgresServer;
    let outbox: OutboxDatabase;
    let database: PgSourceDatabase;
    let oid: number;

    beforeAll(async () => {
      postgres = await startPostgres({ major });
    });

    afterAll(async () => {
      await postgres.stop();
    });

    beforeEach(async () => {
      outbox = await OutboxDatabase.create(postgres.url);
      database = outbox.database();
      await run(
        "alter table outbox alter id drop identity",
        `create table above (${COLUMNS}) partition by list (type)`,
      );
      [oid] = (await numbers("select 'above'::regclass::oid::int as number")) as [number];
    });

    afterEach(async () => {
      await outbox.drop();
    });

    async function run(...statements: readonly string[]): Promise<void> {
      for (const statement of statements) await outbox.query(statement);
    }

    async function numbers(query: string): Promise<number[]> {
      const rows = await outbox.query<{ number: number }>(query);
      return rows.map(({ number }) => number);
    }

    async function snapshot(): Promise<string> {
      return (await database.vantage(NEVER)).watermark.snapshot;
    }

    /** Low 32 bits of the id of a transaction that begins and ends now. */
    async function xid(): Promise<number> {
      return (
        await numbers("select pg_current_xact_id()::text::bigint::int as number")
      )[0] as number;
    }

    async function mayHaveHeld(of: {
      readonly xid?: number;
      readonly snapshot?: string;
    }): Promise<string | null | undefined> {
      const relation = { oid, xid: of.xid ?? 0, snapshot: of.snapshot ?? null };
      const { asked } = await database.catalog({ relation, roots: new Map() }, NEVER);
      return asked?.mayHaveHeld;
    }

    it("is ruled out while nothing was done to the outbox table, by a watermark and without one", async () => {
      const before = await snapshot();
      await run("create table above_y partition of above for values in ('y')", "analyze outbox");
      expect(await mayHaveHeld({ snapshot: before })).toBeNull();
      expect(await mayHaveHeld({ xid: await xid() })).toBeNull();
    });

    it("may have held the outbox table that is below it now, at any level, or was detached since", async () => {
      await run("create table middle (like above) partition by list (aggregatetype)");
      await run("alter table above attach partition middle for values in ('x')");
      const before = await snapshot();
      const writer = await xid();
      await run("alter table middle attach partition outbox for values in ('y')");
      expect(await mayHaveHeld({ snapshot: await snapshot() })).toBe("public.outbox");
      await run("alter table middle detach partition outbox");
      expect(await mayHaveHeld({ snapshot: before })).toBe("public.outbox");
      expect(await mayHaveHeld({ xid: writer })).toBe("public.outbox");
      expect(await mayHaveHeld({ snapshot: await snapshot() })).toBeNull();
      expect(await mayHaveHeld({ xid: await xid() })).toBeNull();
    });

    it("may have held it when one transaction attached it, wrote, and detached it", async () => {
      await run("begin", ATTACH);
      const own = await xid();
      await run(DETACH, "commit");
      expect(await mayHaveHeld({ xid: own })).toBe("public.outbox");
    });

    it("may have held it when the one who detached it was under way at the watermark, in a savepoint", async () => {
      await run(ATTACH);
      const other = await outbox.session();
      await other.query("begin; select pg_current_xact_id(); savepoint s; create table noise ()");
      const during = await snapshot();
      await other.query(`release s; savepoint t; ${DETACH}; commit`);
      expect(await mayHaveHeld({ snapshot: during })).toBe("public.outbox");
    });
  },
);

describe("a table that is no partitioned one", () => {
  it("can have held nothing", async () => {
    const outbox = await OutboxDatabase.create();
    await outbox.query("create table other (like outbox)");
    const [row] = await outbox.query<{ oid: number }>("select 'other'::regclass::oid::int as oid");
    const relation = { oid: row?.oid ?? 0, xid: 0, snapshot: "1:1:" };
    const { asked } = await outbox.database().catalog({ relation, roots: new Map() }, NEVER);
    expect(asked).toMatchObject({ exists: true, mayHaveHeld: null });
    await outbox.drop();
  });
});
