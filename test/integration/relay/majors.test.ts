import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/services.ts";

describe.each([14, 15, 16, 17] as const)("with Postgres %i a relay", (major) => {
  let postgres: PostgresServer;
  let fixture: RelayFixture;

  beforeAll(async () => {
    postgres = await startPostgres({ major });
    fixture = await RelayFixture.create(`major${major}`, { postgresUrl: postgres.url });
  });

  afterAll(async () => {
    await fixture.close();
    await postgres.stop();
  });

  it("is killed under load, comes back, and delivers all of it once and in order", async () => {
    const settings = { RELAY_CHECKPOINT_INTERVAL: "200ms" };
    const doomed = await fixture.streaming(settings);
    const workload = new Workload(fixture.database.url, { seed: major });
    workload.start();
    try {
      await until(() => workload.transactions > 50, 30_000, "50 transactions");
      await doomed.kill();
      const seen = workload.transactions;
      await until(() => workload.transactions > seen + 50, 30_000, "50 more transactions");
    } finally {
      await workload.stop();
    }
    const relay = await fixture.streaming(settings);
    await fixture.caughtUp(relay);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });
});
