import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { peakResidentBytes } from "../support/chaos/process-memory.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const MB = 1_000_000;
/** How often such a row may be in memory at once: in pieces, put together, encoded. */
const RELAY_COPIES_MAX = 3;
const WALSENDER_COPIES_MAX = 5;
const MEMORY_BESIDE = 250 * MB;
/** Most of it is Postgres, which puts hundreds of thousands of pieces together. */
const TEST_MS = 240_000;
const SEEN_MS = 120_000;

let server: PostgresServer;
let fixture: RelayFixture;
let relay: RelayProcess;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_wal_size: "4GB" } });
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("payloads", { postgresUrl: server.url });
});

afterEach(async () => {
  await fixture.close();
});

/** A relay that has published one event, with the payload's column changed beforehand. */
async function streaming(change: string): Promise<void> {
  await fixture.client.query(`alter table outbox ${change}`);
  relay = await fixture.streaming({ RELAY_CHECKPOINT_INTERVAL: "200ms" });
  await fixture.client.query(
    "insert into outbox (aggregatetype, aggregateid, type) values ('order', '1', 'Small')",
  );
  await fixture.caughtUp(relay);
}

async function insert(payload: string): Promise<string> {
  const { rows } = await fixture.client.query<{ id: string }>(
    `insert into outbox (aggregatetype, aggregateid, type, payload)
     values ('order', '1', 'Large', ${payload}) returning id::text`,
  );
  return rows[0]?.id ?? "";
}

function bytea(megabytes: number): string {
  return `convert_to(repeat('x', ${megabytes * MB}), 'UTF8')`;
}

async function walsenderBytes(): Promise<number> {
  const { rows } = await fixture.client.query<{ pid: number }>(
    "select active_pid as pid from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return peakResidentBytes(rows[0]?.pid ?? 0);
}

async function expectOnlyTheSmallOne(): Promise<void> {
  expect((await fixture.read()).map(({ headers }) => headers["type"])).toEqual(["Small"]);
}

describe("a payload far too large", () => {
  it("is refused by Postgres itself where the column is jsonb, as the migration makes it [67: L P D]", async () => {
    await streaming("alter payload drop not null");
    await expect(insert(`to_jsonb(repeat('x', ${300 * MB}))`)).rejects.toMatchObject({
      code: "54000",
    });
    await fixture.caughtUp(relay);
    await expectOnlyTheSmallOne();
  });

  it.each([
    ["of 300 MB in text [67: H M D]", "text", `repeat('x', ${300 * MB})`, 300],
    ["of 650 MB in bytea [67: H M D]", "bytea using null", bytea(650), 650],
  ])(
    "halts the relay with its id, in bounded memory: one %s",
    async (_what, type, payload, megabytes) => {
      await streaming(`alter payload type ${type}, alter payload set storage external`);
      const id = await insert(payload);
      const { message } = await relay.reaches("failed", "RECORD_TOO_LARGE", SEEN_MS);
      expect(message).toContain(id);
      expect(peakResidentBytes(relay.pid)).toBeLessThan(
        RELAY_COPIES_MAX * megabytes * MB + MEMORY_BESIDE,
      );
      expect(await walsenderBytes()).toBeLessThan(
        WALSENDER_COPIES_MAX * megabytes * MB + MEMORY_BESIDE,
      );
      await expectOnlyTheSmallOne();
    },
    TEST_MS,
  );

  it(
    "halts the relay where Postgres cannot decode it, and stays on show while it keeps trying [67: H M D]",
    async () => {
      // A numeric key: its binary form is not read, so all columns come as text, bytea with two digits a byte.
      await streaming(
        "alter aggregateid type numeric using aggregateid::numeric, alter payload type bytea using null, alter payload set storage external",
      );
      await insert(bytea(650));
      const { hint } = await relay.reaches("failed", "POSTGRES_DECODING", SEEN_MS);
      expect(hint).toContain("512 MB");
      const states = new Set<string>();
      const endMs = performance.now() + 6_000;
      await until(
        async () => {
          states.add((await relay.status()).state);
          return performance.now() > endMs;
        },
        12_000,
        "some more attempts",
      );
      expect([...states]).toEqual(["failed"]);
      expect(peakResidentBytes(relay.pid)).toBeLessThan(MEMORY_BESIDE);
      await expectOnlyTheSmallOne();
    },
    TEST_MS,
  );
});
