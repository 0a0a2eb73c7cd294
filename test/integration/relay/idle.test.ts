import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { TestDatabase } from "../../support/services.ts";
import { createDatabase, until, withClient } from "../../support/services.ts";

let fixture: RelayFixture;
let neighbour: TestDatabase;

beforeAll(async () => {
  fixture = await RelayFixture.create("idle");
  neighbour = await createDatabase("neighbour");
});

afterAll(async () => {
  await neighbour.drop();
  await fixture.close();
});

async function retainedBytes(): Promise<number> {
  const { rows } = await fixture.client.query<{ bytes: string }>(
    "select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) as bytes from pg_replication_slots where slot_name = $1",
    [fixture.names.slot],
  );
  return Number(rows[0]?.bytes);
}

describe("an idle outbox beside a busy database", () => {
  it("holds little WAL: progress is checkpointed and confirmed without any event [72: W]", async () => {
    const relay = await fixture.streaming({ RELAY_CHECKPOINT_INTERVAL: "1s" });
    await withClient(neighbour.url, async (client) => {
      await client.query("create table noise (n int, fill text)");
      await client.query(
        "insert into noise select n, repeat('x', 500) from generate_series(1, 150000) n",
      );
      // A checkpoint lets the slot's restart position move as well.
      await client.query("checkpoint");
    });
    await until(
      async () => (await retainedBytes()) < 8 * 1024 * 1024,
      30_000,
      () => `little retained WAL\n${relay.output}`,
    );
    expect((await relay.status()).events.published).toBe(0);
  });
});
