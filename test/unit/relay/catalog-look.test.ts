import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

const NEVER = new AbortController().signal;

let world: ModelWorld;
let relay: ModelRelay;

beforeEach(async () => {
  world = new ModelWorld();
  relay = world.start();
  await world.clock.advance(20_000);
});

async function commit(table?: number): Promise<void> {
  world.postgres.commit([{ ...row("lost?"), ...(table !== undefined && { table }) }]);
  await world.clock.advance(50);
}

async function startAgain(): Promise<void> {
  relay = world.start();
  await world.clock.advance(100);
}

async function stop(): Promise<void> {
  relay.stop();
  await world.clock.advance(100);
}

describe("rows without the headers column that the table had when the stream began", () => {
  it("halt the relay, also where no row had come with it", async () => {
    await stop();
    world.postgres.tables.hasHeaders = true;
    await startAgain();
    await commit();
    expect(relay.relay.state.reason?.code).toBe("COLUMN_MISSING");
    expect(world.ids()).toEqual([]);
  });
});

describe("rows of a table that may have held the outbox table as a partition", () => {
  const held = { mayHaveHeld: "public.outbox" };

  it.each([true, false])(
    "halt the relay, and say how the rows of both are told apart (listed by name: %s)",
    async (isListed) => {
      world.postgres.tables.isForAllTables = true;
      await commit(world.postgres.tables.create("above", { isListed, ...held }));
      const { name, reason } = relay.relay.state;
      expect([name, reason?.code]).toEqual(["failed", "TABLE_UNKNOWN"]);
      expect(reason?.message).toContain("public.outbox may have been a partition of it");
      expect(reason?.hint).toMatch(/accept table public\.above --pass-over.*repair --all-rows/);
      expect(world.ids()).toEqual([]);
    },
  );

  it("are published when a person says that they are events", async () => {
    await commit(world.postgres.tables.create("above", held));
    await stop();
    await world.during(world.operations().acceptTable("public.above", true, NEVER), 100);
    await startAgain();
    expect(world.ids()).toEqual(["lost?"]);
  });

  it("are asked about with what is known to have committed before them", async () => {
    const { lsn: reached } = (await world.postgres.vantage()).watermark;
    await commit(world.postgres.tables.create("above"));
    expect(world.postgres.lastRelation).toMatchObject({ snapshot: `1:${reached}:` });
  });
});
