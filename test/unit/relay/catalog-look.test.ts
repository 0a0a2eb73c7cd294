import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let relay: ModelRelay;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  relay = new ModelRelay(postgres, new ModelSink(cluster, clock), clock, {});
  await clock.advance(20_000);
});

async function commit(table: number): Promise<void> {
  postgres.commit([{ id: "lost?", key: "k", table }]);
  await clock.advance(50);
}

describe("rows of a table that may have held the outbox table as a partition", () => {
  const held = { mayHaveHeld: "public.outbox" };

  it.each([true, false])(
    "halt the relay, and say how the rows of both are told apart (listed by name: %s)",
    async (isListed) => {
      postgres.tables.isForAllTables = true;
      await commit(postgres.tables.create("above", { isListed, ...held }));
      const { name, reason } = relay.relay.state;
      expect([name, reason?.code]).toEqual(["failed", "TABLE_UNKNOWN"]);
      expect(reason?.message).toContain("public.outbox may have been a partition of it");
      expect(reason?.hint).toMatch(/accept table public\.above --pass-over.*repair --all-rows/);
      expect(cluster.records).toEqual([]);
    },
  );

  it("are published when a person says that they are events", async () => {
    await commit(postgres.tables.create("above", held));
    relay.stop();
    await clock.advance(100);
    const ports = modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver());
    const { signal } = new AbortController();
    const accepted = new Operations(ports, MODEL_OPTIONS).acceptTable("public.above", true, signal);
    await clock.advance(100);
    await accepted;
    relay = new ModelRelay(postgres, new ModelSink(cluster, clock), clock, {});
    await clock.advance(100);
    expect(cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array))).toEqual([
      "lost?",
    ]);
  });

  it("are asked about with what is known to have committed before them", async () => {
    const { lsn: reached } = (await postgres.vantage()).watermark;
    await commit(postgres.tables.create("above"));
    expect(postgres.lastRelation).toMatchObject({ snapshot: `1:${reached}:` });
  });
});
