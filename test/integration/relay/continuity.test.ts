import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";

let fixture: RelayFixture;

/** A relay has published one event and was stopped. */
beforeEach(async () => {
  fixture = await RelayFixture.create("continuity");
  const relay = await fixture.streaming();
  await fixture.insert("k", '{"seq": 1}');
  await fixture.caughtUp(relay);
  await relay.stop();
});

afterEach(async () => {
  await fixture.close();
});

describe("a relay that published before", () => {
  it("halts when its slot is gone, and does not make a new one that would skip rows", async () => {
    const { client, names } = fixture;
    await fixture.dropSlot();
    await fixture.insert("k", '{"seq": 2}');
    const relay = fixture.start();
    const { hint } = await relay.reaches("failed", "GAP_SLOT_MISSING");
    expect(hint).not.toBe("");
    const { rows } = await client.query("select from pg_replication_slots where slot_name = $1", [
      names.slot,
    ]);
    expect(rows).toHaveLength(0);
  });

  it("halts when somebody moved its slot past the checkpoint", async () => {
    const { client, names } = fixture;
    await fixture.insert("k", '{"seq": 2}');
    await client.query("select pg_replication_slot_advance($1, pg_current_wal_lsn())", [
      names.slot,
    ]);
    const relay = fixture.start();
    const { message } = await relay.reaches("failed", "GAP_SLOT_ADVANCED");
    expect(message).toContain(names.slot);
    expect(await fixture.read()).toHaveLength(1);
  });

  it("halts when its database is another one than the checkpoint is of", async () => {
    const postgres = await startPostgres();
    const elsewhere = await RelayFixture.create("elsewhere", { postgresUrl: postgres.url });
    try {
      const { slot } = fixture.names;
      await elsewhere.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [
        slot,
      ]);
      const relay = elsewhere.start({ RELAY_SLOT_NAME: slot });
      const { message } = await relay.reaches("failed", "LINEAGE_FOREIGN");
      expect(message).toContain("another cluster");
    } finally {
      await elsewhere.close();
      await postgres.stop();
    }
  });
});
