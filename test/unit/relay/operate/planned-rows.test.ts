import { beforeEach, describe, expect, it } from "@jest/globals";
import type { PlannedRows, PlanSource } from "../../../../src/relay/operate/planned-rows.ts";
import { plannedRows } from "../../../../src/relay/operate/planned-rows.ts";
import type { Watermark } from "../../../../src/relay/watermark.ts";
import { interruptedSnapshot } from "../../../support/model/interrupted-snapshot.ts";
import { ModelBackfillRows } from "../../../support/model/model-backfill-rows.ts";
import { ModelWorld, row } from "../../../support/model/model-world.ts";

const NEVER = new AbortController().signal;

let world: ModelWorld;
/** Since what the tables were read for a backfill with a new slot. */
let sinces: (Watermark | null)[];

beforeEach(() => {
  world = new ModelWorld();
  sinces = [];
  world.postgres.tableRows = Array.from({ length: 40 }, (_, i) => row(`row-${i}`));
});

async function planned(isOfAllRows: boolean): Promise<PlannedRows> {
  const { postgres } = world;
  const source: PlanSource = {
    readBesideSlot: (since, made) => postgres.readBesideSlot(since, made),
    planBackfill: (since) => {
      sinces.push(since);
      return Promise.resolve(new ModelBackfillRows(postgres.walEnd, postgres.tableRows));
    },
  };
  const found = await world.operations().look(NEVER);
  return plannedRows(source, { slot: "slot" }, found, isOfAllRows, NEVER);
}

describe("the rows that a plan counts", () => {
  it("are those since the watermark after a gap, or all", async () => {
    const relay = world.start();
    await world.clock.advance(11_000);
    world.postgres.commit([row("1")]);
    await world.clock.advance(11_000);
    relay.stop();
    await world.clock.advance(1_000);
    world.postgres.hasSlot = false;
    const [some, all] = [await planned(false), await planned(true)];
    expect(sinces).toEqual([world.stored().watermark, null]);
    expect(world.stored().watermark).not.toBeNull();
    for (const one of [some, all]) expect(one).toMatchObject({ unfinished: null, refusal: null });
  });

  it("are none that a repair refuses, and the refusal is told", async () => {
    const relay = world.start();
    await world.clock.advance(1_000);
    relay.stop();
    await world.clock.advance(1_000);
    world.postgres.databaseOid = 6;
    expect((await planned(false)).refusal?.code).toBe("LINEAGE_FOREIGN");
  });

  it("are those from before the slot that an interrupted backfill keeps, whatever else is asked for", async () => {
    await interruptedSnapshot(world);
    world.postgres.commit([row("since")]);
    world.postgres.tableRows.push(row("since"));
    world.postgres.doubtfulIds = ["row-3"];
    for (const isOfAllRows of [false, true]) {
      const { rows, unfinished, refusal } = await planned(isOfAllRows);
      expect([rows.candidates, refusal]).toEqual([40, null]);
      const keptSinceMs = world.stored().slotSnapshot?.atMs;
      expect(unfinished).toEqual({ keptSinceMs, doubtful: 1 });
    }
    expect(sinces).toEqual([]);
  });

  it("are those of what was begun where its slot is gone", async () => {
    await interruptedSnapshot(world);
    world.postgres.hasSlot = false;
    expect(await planned(false)).toMatchObject({ unfinished: { keptSinceMs: null, doubtful: 0 } });
    expect(sinces).toEqual([null]);
  });

  it("are refused where more of them are in doubt than a repair compares", async () => {
    await interruptedSnapshot(world);
    world.postgres.doubtfulIds = Array.from({ length: 500_001 }, (_, i) => `doubt-${i}`);
    expect((await planned(false)).refusal?.code).toBe("BACKFILL_DOUBTFUL");
  });
});
