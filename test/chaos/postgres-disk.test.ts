import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../src/demo/services/embedded-postgres.ts";
import { deliveryDespite } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import { until, withClient } from "../support/services.ts";

let server: PostgresServer;
let fixture: RelayFixture;
let folder: string;

beforeAll(async () => {
  server = await startPostgres();
  folder = await withClient(server.url, async (client) => {
    const { rows } = await client.query<{ folder: string }>(
      "select current_setting('data_directory') as folder",
    );
    return rows[0]?.folder ?? "";
  });
});

afterAll(async () => {
  await setRoomForWal(true);
  await server.stop();
});

beforeEach(async () => {
  fixture = await RelayFixture.create("disk", { postgresUrl: server.url });
});

afterEach(() => fixture.close());

/** No new file can be made where the WAL is, as on a full disk; a volume of its own could not be mounted by everybody. */
async function setRoomForWal(hasRoom: boolean): Promise<void> {
  await chmod(join(folder, "pg_wal"), hasRoom ? 0o700 : 0o500);
}

async function isDown(): Promise<boolean> {
  try {
    await withClient(server.url, (client) => client.query("select pg_switch_wal()"));
    return false;
  } catch {
    return true;
  }
}

describe("a Postgres that cannot write its WAL any more", () => {
  it("stops, and once there is room again nothing is missing and nothing came twice [76: L D R]", async () => {
    const relay = await fixture.streaming({ RELAY_RETRY_MAX: "500ms" });
    const report = await deliveryDespite(fixture, relay, async () => {
      await setRoomForWal(false);
      await until(isDown, 60_000, "Postgres to give up");
      await until(
        async () => (await relay.status()).state === "starting",
        20_000,
        () => `the relay to notice\n${relay.output}`,
      );
      await server.stopImmediate();
      await setRoomForWal(true);
      await server.start();
    });
    expect(report).toMatchObject(ALL_DELIVERED);
  });
});
