import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PostgresServer } from "../../../src/demo/services/embedded-postgres.ts";
import { startPostgres } from "../../../src/demo/services/embedded-postgres.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { until } from "../../support/services.ts";

const MIB = 1024 ** 2;

let server: PostgresServer;
let fixture: RelayFixture;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_slot_wal_keep_size: "2GB" } });
  fixture = await RelayFixture.create("wal_budget", { postgresUrl: server.url });
});

afterAll(async () => {
  await fixture.close();
  await server.stop();
});

describe("a relay whose Kafka is away while others write", () => {
  it("tells from the slot when it will be lost, before it is", async () => {
    const { slot } = fixture.names;
    await fixture.client.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [slot]);
    const relay = fixture.start({
      RELAY_KAFKA_BROKERS: "127.0.0.1:1",
      RELAY_WAL_WARN_BEFORE: "24h",
    });
    await until(
      async () => {
        await fixture.client.query(
          "select pg_logical_emit_message(false, 'neighbour', repeat('x', $1))",
          [MIB / 32],
        );
        return relay.lines.some(({ code }) => code === "SLOT_WAL_LOW");
      },
      120_000,
      () => `the warning\n${relay.output}`,
    );
    const seen = (await relay.status()).slot;
    expect(seen.safeWalBytes).toBeGreaterThan(MIB);
    expect(seen.safeWalBytes).toBeLessThan(2_100 * MIB);
    expect(seen.growthBytesPerSecond).toBeGreaterThan(MIB / 10);
    const { safeWalBytes, growthBytesPerSecond } = seen;
    expect(seen.exhaustionSeconds).toBeCloseTo(
      (safeWalBytes ?? 0) / (growthBytesPerSecond ?? 1),
      3,
    );
    const line = relay.lines.find(({ code }) => code === "SLOT_WAL_LOW");
    expect(line?.msg).toContain("max_slot_wal_keep_size is used up");
    const metrics = await (await relay.get("/metrics")).text();
    expect(metrics).toMatch(
      /^relay_slot_wal_status\{slot="\w+",status="(?:reserved|extended)"\} 1$/m,
    );
    expect(metrics).toMatch(/^relay_slot_exhaustion_seconds\{/m);
  });
});
