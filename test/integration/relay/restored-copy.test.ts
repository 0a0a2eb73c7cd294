import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { DataCopy } from "../../support/postgres/data-copy.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { until } from "../../support/until.ts";

const SETTINGS = {
  RELAY_BATCH_MAX_EVENTS: "50",
  RELAY_RETRY_MAX: "500ms",
  // So that what a killed relay leaves open ends soon, and the topic can be read to its end.
  RELAY_TRANSACTION_TIMEOUT: "5s",
};
const KILL = { ...SETTINGS, RELAY_FAILPOINTS: "produce-acked=kill@9" };

let postgres: PostgresServer;
let fixture: RelayFixture;

beforeEach(async () => {
  postgres = await startPostgres();
  fixture = await RelayFixture.create("restored", { postgresUrl: postgres.url });
});

afterEach(async () => {
  await fixture.close();
  await postgres.stop();
});

async function many(): Promise<void> {
  await fixture.client.query(
    "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', g % 7, 'Placed', '{}' from generate_series(1, 3000) g",
  );
}

/** A row that is inserted and deleted. */
async function passing(): Promise<string> {
  const id = await fixture.insert("gone");
  await fixture.client.query("delete from outbox where aggregateid = 'gone'");
  return id;
}

async function ids(from: "table" | "topic"): Promise<string[]> {
  if (from === "topic") {
    return (await fixture.read()).map(({ headers }) => headers["id"] ?? "").toSorted();
  }
  const { rows } = await fixture.client.query<{ id: string }>("select id::text from outbox");
  return rows.map(({ id }) => id).toSorted();
}

async function slotLsn(): Promise<string> {
  const { rows } = await fixture.client.query<{ lsn: string }>(
    "select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return rows[0]?.lsn ?? "";
}

/** WAL of others, until it ends past `lsn`. */
async function writtenPast(lsn: string): Promise<void> {
  await until(
    async () => {
      const { rows } = await fixture.client.query<{ past: boolean }>(
        "select pg_logical_emit_message(false, 'test', repeat('x', 500000)) > $1 as past",
        [lsn],
      );
      return rows[0]?.past === true;
    },
    30_000,
    `the WAL to end past ${lsn}`,
  );
}

async function restored(copy: DataCopy): Promise<void> {
  await copy.restore();
  await fixture.reconnect();
}

describe("a data directory restored while a backfill keeps its slot", () => {
  it("from a copy that has the slot: goes on with it, and each row of the copy comes once, also one that was deleted", async () => {
    await many();
    const killed = fixture.start({ ...KILL, RELAY_SNAPSHOT: "initial" });
    await until(
      () => killed.hasEnded,
      60_000,
      () => `the kill\n${killed.output}`,
    );
    const gone = await passing();
    const kept = await fixture.insert("kept");
    const copy = await DataCopy.take(postgres);
    await fixture.reconnect();
    await fixture.insert("lost with the server");
    await restored(copy);
    const [later, goneLater] = [await fixture.insert("later"), await passing()];
    const relay = await fixture.streaming({ ...SETTINGS, RELAY_SNAPSHOT: "initial" });
    await fixture.caughtUp(relay);
    expect(relay.output).toContain("keeps the slot");
    expect(await ids("topic")).toEqual([...(await ids("table")), gone, goneLater].toSorted());
    expect(await ids("topic")).toEqual(expect.arrayContaining([kept, later]));
  }, 180_000);

  it("from an older copy, with the slot before it: halts, also once it was written past where the slot was made, and adopt goes on from its tables", async () => {
    const first = await fixture.streaming(SETTINGS);
    await fixture.insert("first");
    await fixture.caughtUp(first);
    await first.stop();
    const copy = await DataCopy.take(postgres);
    await fixture.reconnect();
    const { publication } = fixture.names;
    await fixture.client.query(`alter publication ${publication} drop table outbox`);
    await many();
    await fixture.client.query(`alter publication ${publication} add table outbox`);
    expect((await fixture.command(["repair"], KILL)).code).not.toBe(0);
    const published = await ids("topic");
    expect(published.length).toBeGreaterThan(1);
    const made = await slotLsn();
    await restored(copy);
    const rewound = fixture.start(SETTINGS);
    const { message } = await rewound.reaches("failed", "LINEAGE_REWOUND");
    expect(message).toContain("its WAL ends");
    await rewound.kill();
    await passing();
    await many();
    await writtenPast(made);
    const again = fixture.start(SETTINGS);
    expect((await again.reaches("failed", "LINEAGE_REWOUND")).message).toContain("the slot stands");
    expect(await ids("topic")).toEqual(published);
    expect((await fixture.command(["repair"])).code).toBe(1);
    expect((await fixture.command(["slot", "adopt", "--take-over"])).code).toBe(0);
    await again.reaches("streaming");
    await fixture.insert("last");
    await fixture.caughtUp(again);
    const here = await ids("table");
    expect(await ids("topic")).toEqual([...new Set([...published, ...here])].toSorted());
  }, 180_000);
});
