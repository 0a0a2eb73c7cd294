import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type pg from "pg";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { SlotScan } from "../../../src/relay/backfill/slot-scan.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { MODEL_OUTBOX } from "../../support/model/model-relay.ts";
import { until } from "../../support/until.ts";
import { NEVER, OutboxDatabase, RecordingHandlers } from "./outbox-database.ts";

const WAITED_FOR = `
  select l.transactionid::text as xid from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted
   where a.backend_type = 'walsender' and a.datname = current_database()`;

describe.each([14, 18] as const)("the tables beside a slot made before on Postgres %i", (major) => {
  let server: PostgresServer;
  let database: OutboxDatabase;

  beforeAll(async () => {
    server = await startPostgres({ major });
  }, 120_000);

  afterAll(() => server?.stop());

  beforeEach(async () => {
    database = await OutboxDatabase.create(server.url);
    await database.query("alter table outbox add column n text");
  });

  afterEach(() => database.drop());

  async function add(n: string, session: pg.Client = database.client): Promise<void> {
    await session.query(
      `insert into outbox (aggregatetype, aggregateid, type, n) values ('order', 'k', 't', '${n}')`,
    );
  }

  /** A transaction that has written in a savepoint, and goes on. */
  async function running(n: string): Promise<pg.Client> {
    const session = await database.session();
    await session.query("begin; savepoint one");
    await add(n, session);
    await session.query("release one");
    return session;
  }

  /** The transaction that the slot's creation waits for, once it is another one than before. */
  async function waitedFor(before: string | null): Promise<string | null> {
    let xid: string | null = null;
    const isOther = async (): Promise<boolean> => {
      xid = (await database.query<{ xid: string }>(WAITED_FOR))[0]?.xid ?? null;
      return xid !== null && xid !== before;
    };
    await until(isOther, 20_000, "the slot's creation to wait");
    return xid;
  }

  /** Makes the slot between transactions: it waits for those that run, and again for those that began meanwhile. */
  async function madeSlot(): Promise<Watermark> {
    const first = await running("before the slot");
    const opening = database.source().openBackfill(null, new RecordingHandlers(), NEVER);
    const xid = await waitedFor(null);
    const second = await running("before the slot, too");
    await first.query("commit");
    await waitedFor(xid);
    const third = await running("across");
    await second.query("commit");
    const { stream, rows } = await opening;
    await rows.close();
    await stream.close();
    await third.query("commit");
    return rows.watermark;
  }

  /** Names of the rows that are read and that the slot does not bring; and how many were in doubt. */
  async function left(made: Watermark): Promise<{ names: string[]; doubtful: number }> {
    const source = database.source();
    const beside = await source.readBesideSlot(null, made, NEVER);
    const { rows, doubtful, readLsn } = beside;
    const read: string[] = [];
    await rows.next(({ id }) => read.push(id), NEVER);
    const ids = new Set<string>();
    await beside.doubtfulIds((id) => ids.add(id), NEVER);
    expect([rows.candidates, doubtful]).toEqual([read.length, ids.size]);
    expect([rows.until, rows.watermark]).toEqual([made.lsn, made]);
    const tables = await database.database().catalog({ relation: null, roots: new Map() }, NEVER);
    const scan = new SlotScan({ tables, columns: MODEL_OUTBOX.columns, ids, until: readLsn });
    const brought = await scan.run(source, systemClock, NEVER);
    await rows.close();
    const found = await database.query<{ n: string }>(
      "select n from outbox where id::text = any($1) order by n",
      [read.filter((id) => !brought.has(id))],
    );
    return { names: found.map(({ n }) => n), doubtful };
  }

  it.each([
    ["with the column txid", "add column txid xid8 not null default pg_current_xact_id()", 1],
    ["without it, with the help of what the slot brings", "add column other int", 4],
  ])("are those that it does not bring: %s", async (_, column, doubtful) => {
    await database.query(`alter table outbox ${column}`);
    await add("old");
    await add("old, changed");
    const made = await madeSlot();
    await add("new");
    await add("new, changed");
    await add("gone");
    await database.query("update outbox set payload = '{}' where n like '%changed'");
    await database.query("delete from outbox where n = 'gone'");
    expect(await left(made)).toEqual({
      names: ["before the slot", "before the slot, too", "old", "old, changed"],
      doubtful,
    });
  });
});
