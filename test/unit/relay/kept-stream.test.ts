import { beforeEach, describe, expect, it } from "@jest/globals";
import { ascii } from "../../../src/relay/event/ascii.ts";
import type { Watermark } from "../../../src/relay/watermark.ts";
import { interruptedSnapshot, slowSnapshot } from "../../support/model/interrupted-snapshot.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

const ROWS = 60;

let world: ModelWorld;
let notes: string[];

beforeEach(() => {
  world = new ModelWorld();
  notes = [];
  world.postgres.tableRows = Array.from({ length: ROWS }, (_, i) => row(`row-${i}`));
});

const tableIds = (): string[] => world.postgres.tableRows.map(({ id }) => id);

/** A first snapshot that ends after some of its rows. */
async function interrupted(): Promise<void> {
  await interruptedSnapshot(world);
  expect(world.stored().pending).toBe("backfill");
  expect(world.ids().length).toBeLessThan(ROWS);
}

async function goOn(): Promise<ModelRelay> {
  const told = { note: (message: string) => void notes.push(message) };
  const relay = world.start({ snapshot: "initial" }, { told });
  await world.clock.advance(5_000);
  return relay;
}

describe("a backfill that begins again", () => {
  it("had written down its slot before the relay said that it streams", async () => {
    const relay = slowSnapshot(world);
    while (relay.relay.state.name !== "streaming") await world.clock.advance(1);
    const { pending, slotSnapshot } = world.stored();
    expect([pending, slotSnapshot?.lsn]).toEqual(["backfill", world.postgres.confirmed]);
  });

  it("keeps its slot: rows that were inserted and deleted meanwhile come once, after the rows from before it", async () => {
    await interrupted();
    const { drops } = world.postgres;
    world.postgres.commit([row("deleted")]);
    world.postgres.commit([row("stays")]);
    world.postgres.tableRows.push(row("stays"));
    await goOn();
    expect(world.ids()).toEqual([...tableIds().slice(0, ROWS), "deleted", "stays"]);
    expect(world.postgres.drops).toBe(drops);
    expect(world.stored()).toMatchObject({ pending: null, slotSnapshot: null });
    expect(world.postgres.confirmed).toBe(world.postgres.walEnd);
  });

  it("goes on with rising positions, also past rows that no checkpoint tells of", async () => {
    await interrupted();
    const last = world.cluster.records.at(-1) as (typeof world.cluster.records)[number];
    const position = `${world.positions().at(-1)?.slice(0, -2) ?? ""}FE`;
    const unknown = [ascii("row-59"), last.headers[1]?.value as Uint8Array, ascii(position)];
    const headers = last.headers.map((one, i) => ({ ...one, value: unknown[i] as Uint8Array }));
    world.cluster.records.push({ ...last, headers });
    world.postgres.commit([row("deleted")]);
    await goOn();
    expect(world.ids().toSorted()).toEqual([...tableIds(), "deleted"].toSorted());
    expect(world.positions()).toEqual(world.positions().toSorted());
    expect(new Set(world.positions()).size).toBe(ROWS + 1);
  });

  it("sends rows first that were changed meanwhile, and leaves those to the slot that it brings", async () => {
    await interrupted();
    world.postgres.commit([row("deleted"), row("stays")]);
    world.postgres.tableRows.push(row("stays"));
    world.postgres.doubtfulIds = ["row-59", "stays"];
    await goOn();
    expect(world.ids()).toEqual([...tableIds().slice(0, ROWS), "deleted", "stays"]);
  });

  it("stops by a code when more rows are in doubt than it can keep", async () => {
    await interrupted();
    world.postgres.doubtfulIds = Array.from({ length: 500_001 }, (_, i) => `doubt-${i}`);
    const published = world.ids().length;
    const relay = await goOn();
    expect(relay.relay.state.reason?.code).toBe("BACKFILL_DOUBTFUL");
    expect(world.ids()).toHaveLength(published);
  });

  it.each<[string, string, () => void]>([
    ["gone", "it is gone", () => void world.postgres.dropSlot()],
    [
      "moved",
      "it was moved from",
      () => {
        world.postgres.otherWal(80);
        world.postgres.confirmed = world.postgres.walEnd;
      },
    ],
  ])("makes the slot again where it is %s, and says what that means", async (_, why, happen) => {
    await interrupted();
    happen();
    await goOn();
    expect(world.ids()).toEqual(tableIds());
    expect(notes.join()).toContain(why);
    expect(notes.join()).toContain("are not published");
  });

  it("halts where the publication was changed meanwhile, for rows may not be in the slot", async () => {
    await interrupted();
    world.postgres.publication = "another";
    const published = world.ids().length;
    const relay = await goOn();
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect(world.ids()).toHaveLength(published);
  });
});

describe("a repair that begins again", () => {
  /** A repair of rows since a watermark that ends after some of them, with its slot. */
  async function interruptedRepair(): Promise<Watermark> {
    world.postgres.tableRows = [];
    const first = world.start();
    await world.clock.advance(11_000);
    world.postgres.commit([row("before")]);
    await world.clock.advance(11_000);
    first.stop();
    await world.clock.advance(1_000);
    world.postgres.hasSlot = false;
    world.postgres.tableRows = Array.from({ length: ROWS }, (_, i) => row(`row-${i}`));
    await world.during(world.operations().repair(false, new AbortController().signal), 1_000);
    await interruptedSnapshot(world);
    const { pending, watermark } = world.stored();
    expect([pending, watermark]).toEqual(["backfill", world.postgres.readSince]);
    return watermark as Watermark;
  }

  it("looks at the rows that it looked at before", async () => {
    const watermark = await interruptedRepair();
    expect(watermark).not.toBeNull();
    world.postgres.readSince = undefined;
    await goOn();
    expect(world.postgres.readSince).toEqual(watermark);
  });

  it("looks at all rows where the server was promoted since: other transactions may have the ids of its watermark", async () => {
    await interruptedRepair();
    world.postgres.promote(world.postgres.walEnd);
    await interruptedSnapshot(world);
    expect(world.postgres.readSince).toBeNull();
    expect(world.stored()).toMatchObject({ pending: "backfill", watermark: null, timeline: 2 });
    await goOn();
    expect(world.postgres.readSince).toBeNull();
    expect(world.ids().toSorted()).toEqual([...tableIds(), "before"].toSorted());
  });
});
