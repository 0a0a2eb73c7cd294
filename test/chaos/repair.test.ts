import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { expectAllDelivered, publishes } from "../support/chaos/load.ts";
import { transactions, underLoad } from "../support/chaos/under-load.ts";
import { MajorServer } from "../support/postgres/major-server.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import { until } from "../support/until.ts";

const SETTINGS = { RELAY_RETRY_MAX: "500ms", RELAY_CHECKPOINT_INTERVAL: "500ms" };

describe.each([14, 18] as const)("a slot dropped under load on Postgres %i", (major) => {
  const postgres = new MajorServer(major);
  let fixture: RelayFixture;
  let relay: RelayProcess;

  beforeEach(async () => {
    fixture = await RelayFixture.create("repair", { postgresUrl: postgres.url, partitions: 4 });
    relay = await fixture.streaming(SETTINGS);
  });

  afterEach(() => fixture.close());

  /** Again and again, because the relay comes back to its slot at once. */
  async function dropSlot(): Promise<void> {
    const { slot } = fixture.names;
    await until(
      async () => {
        await fixture.client
          .query(
            "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active",
            [slot],
          )
          .catch(() => undefined);
        await fixture.client
          .query("select pg_drop_replication_slot($1)", [slot])
          .catch(() => undefined);
        const { rowCount } = await fixture.client.query(
          "select from pg_replication_slots where slot_name = $1",
          [slot],
        );
        return rowCount === 0;
      },
      30_000,
      "the slot to be gone",
    );
  }

  it("is repaired while writers go on: nothing missing, nothing twice, each key in order [56: H L D O]", async () => {
    await underLoad(fixture, async (workload) => {
      await publishes(relay, 200);
      await dropSlot();
      await transactions(workload, 100);
      await relay.reaches("failed", "GAP_SLOT_MISSING");
      const plan = await fixture.command(["repair", "--plan", "--json"]);
      expect(JSON.parse(plan.stdout)).toMatchObject({ repairable: true, cutShort: [] });
      const repair = await fixture.command(["repair"]);
      expect(`${repair.stderr}${repair.code}`).toBe("0");
      await relay.reaches("streaming");
      await publishes(relay, 100);
    });
    await expectAllDelivered(fixture, relay);
  });

  it("is repaired by two commands of which the first is killed, or by the relay that waits [56: H L D O]", async () => {
    await underLoad(fixture, async (workload) => {
      await publishes(relay, 200);
      await dropSlot();
      await relay.reaches("failed", "GAP_SLOT_MISSING");
      await transactions(workload, 200);
      const killed = await fixture.command(["repair"], {
        RELAY_FAILPOINTS: "produce-acked=kill@4",
        RELAY_BATCH_MAX_EVENTS: "20",
      });
      expect(killed.code).not.toBe(0);
      await relay.reaches("streaming", null, 60_000);
    });
    await expectAllDelivered(fixture, relay);
  });
});
