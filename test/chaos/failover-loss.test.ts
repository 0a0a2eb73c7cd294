import { afterEach, describe, expect, it } from "@jest/globals";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { DataCopy } from "../support/postgres/data-copy.ts";
import { StandbyPair } from "../support/postgres/standby-pair.ts";
import { ALL_DELIVERED, checkDelivery } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until, withClient } from "../support/services.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms", RELAY_SLOT_FAILOVER: "true" };

let pair: StandbyPair;
let fixture: RelayFixture;

/** The fixture's database on the standby, which is the primary after a promotion. */
function promotedUrl(): string {
  const url = new URL(pair.standby.url);
  url.pathname = `/${fixture.database.name}`;
  return url.href;
}

async function insertAtPromoted(key: string): Promise<string> {
  return withClient(promotedUrl(), async (client) => {
    const { rows } = await client.query<{ id: string }>(
      "insert into outbox (aggregatetype, aggregateid, type, payload) values ('order', $1, 'Placed', '{}') returning id::text",
      [key],
    );
    return rows[0]?.id ?? "";
  });
}

async function ids(): Promise<(string | undefined)[]> {
  return (await fixture.read()).map(({ headers }) => headers["id"]);
}

/** Publishes a row that the standby has, then three that it never gets. */
async function publishGhosts(relay: RelayProcess): Promise<string[]> {
  await fixture.insert("k");
  await fixture.caughtUp(relay);
  await pair.replicated();
  pair.cutReplication();
  const ghosts = [await fixture.insert("k"), await fixture.insert("k"), await fixture.insert("k")];
  await fixture.caughtUp(relay);
  await pair.killPrimary();
  await pair.promote();
  return ghosts;
}

describe("a promotion of a standby that lacked what was published last", () => {
  afterEach(async () => {
    await pair.primary.start();
    await fixture.close();
    await pair.stop();
  });

  it("with the slot: every phantom is told by its id, and nothing that the new primary writes is skipped [51: L P O]", async () => {
    pair = await StandbyPair.start();
    fixture = await RelayFixture.create("phantoms", { postgresUrl: pair.primary.url });
    const relay = await fixture.streaming(SETTINGS);
    await fixture.insert("k");
    await pair.slotSynced(fixture.names.slot);
    const ghosts = await publishGhosts(relay);
    const later = [await insertAtPromoted("k"), await insertAtPromoted("k")];
    await relay.kill();
    const moved = fixture.start({ ...SETTINGS, RELAY_DATABASE_URL: promotedUrl() });
    await moved.reaches("streaming", null, 60_000);
    later.push(await insertAtPromoted("k"));
    await until(
      async () => (await ids()).filter((id) => later.includes(id ?? "")).length === 3,
      30_000,
      () => `what the new primary wrote to be published\n${moved.output}`,
    );
    const told = moved.output
      .split("\n")
      .filter((line) => line.includes("EVENT_PHANTOM"))
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(told.toSorted()).toEqual(ghosts.toSorted());
    const records = await fixture.read();
    const report = await withClient(promotedUrl(), (client) =>
      checkDelivery(client, "outbox", records),
    );
    expect(report).toMatchObject({ ...ALL_DELIVERED, phantom: ghosts.length });
  }, 180_000);

  it.each([15, 18] as const)(
    "without the slot on Postgres %i: it halts, and repair publishes what is missing [52: H L D]",
    async (major) => {
      pair = await StandbyPair.start({ major });
      fixture = await RelayFixture.create("no_slot", { postgresUrl: pair.primary.url });
      const relay = await fixture.streaming({
        RELAY_RETRY_MAX: "500ms",
        RELAY_SLOT_FAILOVER: "false",
      });
      const ghosts = await publishGhosts(relay);
      await insertAtPromoted("k");
      await relay.kill();
      const settings = { RELAY_RETRY_MAX: "500ms", RELAY_DATABASE_URL: promotedUrl() };
      const moved = fixture.start(settings);
      await moved.reaches("failed", "GAP_SLOT_MISSING");
      const repair = await fixture.command(["repair"], settings);
      expect(`${repair.stderr}${repair.code}`).toBe("0");
      await moved.reaches("streaming");
      const last = await insertAtPromoted("k");
      await until(
        async () => (await ids()).includes(last),
        30_000,
        () => `the last row\n${moved.output}`,
      );
      const records = await fixture.read();
      const report = await withClient(promotedUrl(), (client) =>
        checkDelivery(client, "outbox", records),
      );
      expect(report).toMatchObject({ lost: 0, duplicated: 0, phantom: ghosts.length });
    },
    180_000,
  );
});

describe("a data directory restored from an older copy", () => {
  it.each([
    ["whose WAL ends before the checkpoint", 0, {}],
    [
      "that was written past the checkpoint again, by its witness row",
      200,
      { RELAY_WITNESS_TABLE: "public.witness" },
    ],
  ])(
    "halts at one %s, and adopt goes on with it from its tables [54: H L]",
    async (_what, rowsSince, witness) => {
      const postgres = await startPostgres();
      fixture = await RelayFixture.create("rewound", { postgresUrl: postgres.url });
      await fixture.client.query(
        "create table witness (relay text primary key, seq bigint not null)",
      );
      const settings = { RELAY_RETRY_MAX: "500ms", ...witness };
      const relay = await fixture.streaming(settings);
      await fixture.insert("k");
      await fixture.caughtUp(relay);
      await relay.stop();
      const copy = await DataCopy.take(postgres);
      await fixture.reconnect();
      const again = await fixture.streaming(settings);
      for (let i = 0; i < 20; i++) await fixture.insert("k");
      await fixture.caughtUp(again);
      await again.stop();
      await copy.restore();
      await fixture.reconnect();
      for (let i = 0; i < rowsSince; i++) await fixture.insert("again");
      const rewound = fixture.start(settings);
      await rewound.reaches("failed", "LINEAGE_REWOUND");
      expect((await fixture.command(["repair"], witness)).code).toBe(1);
      expect((await fixture.command(["slot", "adopt", "--take-over"], witness)).code).toBe(0);
      await rewound.reaches("streaming");
      const last = await fixture.insert("k");
      await until(
        async () => (await ids()).includes(last),
        30_000,
        () => `the last row\n${rewound.output}`,
      );
      await fixture.close();
      await postgres.stop();
    },
    120_000,
  );
});
