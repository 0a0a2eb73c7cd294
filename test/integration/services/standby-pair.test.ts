import { afterEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { StandbyPair } from "../../support/postgres/standby-pair.ts";
import { until, withClient } from "../../support/services.ts";

const MAJORS = [14, 15, 16, 17, 18] as const;
const SLOT = "relay";

let pair: StandbyPair;

afterEach(async () => {
  await pair.stop();
});

function ask<R extends object>(server: PostgresServer, text: string): Promise<R[]> {
  return withClient(server.url, async (client) => (await client.query<R>(text)).rows);
}

async function timeline(server: PostgresServer): Promise<number> {
  const [row] = await ask<{ timeline: number }>(
    server,
    "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline",
  );
  return row?.timeline ?? 0;
}

async function names(server: PostgresServer): Promise<string[]> {
  const rows = await ask<{ name: string }>(server, "select name from t order by name");
  return rows.map(({ name }) => name);
}

describe.each(MAJORS)("a primary with a standby of Postgres %i", (major) => {
  it("loses in a promotion what was written while replication was cut, and raises the timeline", async () => {
    pair = await StandbyPair.start({ major });
    const { primary, standby } = pair;
    await ask(primary, "create table t (name text)");
    await ask(primary, "insert into t values ('before')");
    await pair.replicated();
    pair.cutReplication();
    await ask(primary, "insert into t values ('lost')");
    await pair.killPrimary();
    await pair.promote();
    await ask(standby, "insert into t values ('after')");
    expect([await timeline(standby), await names(standby)]).toEqual([2, ["after", "before"]]);
  });

  it("goes on where it was when replication is healed", async () => {
    pair = await StandbyPair.start({ major });
    const { primary, standby } = pair;
    await ask(primary, "create table t (name text)");
    pair.cutReplication();
    await ask(primary, "insert into t values ('late')");
    pair.healReplication();
    await pair.replicated();
    expect(await names(standby)).toEqual(["late"]);
  });
});

describe.each([17, 18] as const)("a failover slot of Postgres %i", (major) => {
  it("is there on the standby, and can be read after its promotion", async () => {
    pair = await StandbyPair.start({ major });
    const { primary, standby } = pair;
    await ask(
      primary,
      `select pg_create_logical_replication_slot('${SLOT}', 'pgoutput', false, false, true)`,
    );
    const reading = withReader(primary);
    await pair.slotSynced(SLOT);
    await reading.stop();
    await pair.replicated();
    await pair.killPrimary();
    await pair.promote();
    expect(
      await ask(
        standby,
        `select failover, synced, temporary from pg_replication_slots where slot_name = '${SLOT}'`,
      ),
    ).toEqual([{ failover: true, synced: true, temporary: false }]);
    await ask(
      standby,
      `select pg_replication_slot_advance('${SLOT}', pg_current_wal_insert_lsn())`,
    );
  });

  it("gives a reader nothing that a standby does not have, where the primary is told to wait for it", async () => {
    pair = await StandbyPair.start({ major, isSynchronized: true });
    const { primary } = pair;
    await ask(
      primary,
      `select pg_create_logical_replication_slot('${SLOT}', 'test_decoding', false, false, true)`,
    );
    await ask(primary, "create table t (name text)");
    pair.cutReplication();
    await ask(primary, "insert into t values ('only here')");
    const read = `select data from pg_logical_slot_get_changes('${SLOT}', null, null)`;
    await expect(ask(primary, `set statement_timeout = '1s'; ${read}`)).rejects.toThrow(/timeout/);
    pair.healReplication();
    const seen: string[] = [];
    await until(
      async () => {
        seen.push(...(await ask<{ data: string }>(primary, read)).map(({ data }) => data));
        return seen.some((data) => data.includes("only here"));
      },
      30_000,
      "the row to be read",
    );
    expect(seen.filter((data) => data.includes("only here"))).toHaveLength(1);
  });
});

/** Moves the slot on for as long as it is not stopped, as a reader does who confirms everything. */
function withReader(server: PostgresServer): { stop(): Promise<void> } {
  let isStopped = false;
  const running = until(
    async () => {
      await ask(server, "select pg_log_standby_snapshot()");
      await ask(
        server,
        `select pg_replication_slot_advance('${SLOT}', pg_current_wal_insert_lsn())`,
      );
      return isStopped;
    },
    90_000,
    "the reader to be stopped",
  );
  return {
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}
