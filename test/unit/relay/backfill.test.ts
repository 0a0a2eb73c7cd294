import { beforeEach, describe, expect, it } from "@jest/globals";
import { MODEL_SERVER_MS } from "../../support/model/model-backfill-rows.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

describe("a first start with rows in the table", () => {
  beforeEach(() => {
    world.postgres.tableRows = ["a", "b", "c", "d", "e", "f", "g"].map(row);
  });

  it("publishes them before all that comes, at positions that rise", async () => {
    world.start({ snapshot: "initial" });
    await world.clock.advance(20);
    world.postgres.commit([row("h")]);
    await world.clock.advance(2_000);
    expect(world.ids().join("")).toBe("abcdefgh");
    expect(world.positions()).toEqual(world.positions().toSorted());
    expect(new Set(world.positions()).size).toBe(8);
    expect(world.stored()).toMatchObject({ pending: null, index: 1 });
    expect(world.postgres.confirmed).toBe(world.postgres.walEnd);
  });

  it("stamps them by the server's clock, whatever the relay's says", async () => {
    world.start({ snapshot: "initial" });
    await world.clock.advance(2_000);
    const stamps = new Set(world.cluster.records.map(({ timestampMs }) => Number(timestampMs)));
    expect([...stamps]).toEqual([MODEL_SERVER_MS]);
    expect(world.clock.wallMs()).not.toBe(MODEL_SERVER_MS);
  });

  it("publishes none of them unless the settings say so", async () => {
    world.start({ snapshot: "never" });
    await world.clock.advance(2_000);
    expect(world.ids()).toEqual([]);
    expect(world.stored().pending).toBeNull();
  });

  it("begins again after a crash in the middle, and leaves out what Kafka has", async () => {
    world.postgres.tableRows = Array.from({ length: 200 }, (_, i) => row(`row-${i}`));
    const first = world.start({ snapshot: "initial", batchEventsMax: 2, bufferBytesMax: 300 });
    while (world.cluster.records.length < 20) await world.clock.advance(1);
    first.stop();
    await world.clock.advance(1_000);
    expect(world.stored().pending).toBe("backfill");
    const published = world.ids();
    expect(published.length).toBeLessThan(100);
    world.postgres.commit([row("later")]);
    world.postgres.tableRows.push(row("later"));
    world.start({ snapshot: "initial" });
    await world.clock.advance(5_000);
    expect(world.ids()).toEqual(world.postgres.tableRows.map(({ id }) => id));
    expect(world.positions()).toEqual(world.positions().toSorted());
  });

  it("confirms nothing before all of them are durable", async () => {
    const begun = world.postgres.walEnd;
    world.start({ snapshot: "initial", batchEventsMax: 1 });
    while (pendingNow() !== null || world.cluster.records.length < 7) await world.clock.advance(1);
    expect(world.postgres.confirmations.filter((confirmed) => confirmed < begun)).toEqual([]);
  });

  function pendingNow(): string | null {
    return world.cluster.checkpoints.length === 0 ? "none" : world.stored().pending;
  }

  it("keeps to the stream afterwards: a restart publishes nothing again", async () => {
    const first = world.start({ snapshot: "initial" });
    await world.clock.advance(2_000);
    first.stop();
    await world.clock.advance(1_000);
    world.start({ snapshot: "initial" });
    await world.clock.advance(2_000);
    expect(world.ids().join("")).toBe("abcdefg");
  });
});

describe("while the relay streams", () => {
  it("halts when publication or tables change, and stays so until somebody has looked", async () => {
    const relay = world.start({ snapshot: "initial" });
    await world.clock.advance(100);
    world.postgres.publication = "another";
    await world.clock.advance(6_000);
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    const { confirmed } = world.postgres;
    world.postgres.commit([row("1")]);
    await world.clock.advance(60_000);
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect([world.postgres.confirmed, world.ids()]).toEqual([confirmed, []]);
    world.postgres.publication = "p";
    await world.clock.advance(20_000);
    expect([relay.relay.state.reason?.code, world.ids()]).toEqual(["PUBLICATION_CHANGED", []]);
  });

  it("puts a watermark into the checkpoint once all that it shows is published", async () => {
    world.start({ snapshot: "initial" });
    await world.clock.advance(100);
    const shown = world.postgres.walEnd;
    await world.clock.advance(5_100);
    world.postgres.commit([row("1")]);
    await world.clock.advance(5_100);
    world.postgres.commit([row("2")]);
    await world.clock.advance(100);
    const { watermark, endLsn } = world.stored();
    expect(watermark?.lsn).toBe(shown);
    await world.clock.advance(11_000);
    world.postgres.commit([row("3")]);
    await world.clock.advance(100);
    expect(world.stored().watermark?.lsn).toBe(endLsn);
  });
});

describe("after the promotion of a standby that lacked the last events", () => {
  it("reports them as phantoms and publishes all that the new primary writes at the same LSNs", async () => {
    world.start({ snapshot: "initial" });
    await world.clock.advance(100);
    world.postgres.commit([row("1")]);
    await world.clock.advance(100);
    const switchLsn = world.postgres.walEnd;
    world.postgres.commit([row("ghost-1"), row("ghost-2")]);
    await world.clock.advance(100);
    world.postgres.promote(switchLsn);
    world.postgres.commit([row("2")]);
    await world.clock.advance(10_000);
    expect(world.ids()).toEqual(["1", "ghost-1", "ghost-2", "2"]);
    const [note] = [...world.cluster.notes.values()].map((bytes) =>
      new TextDecoder().decode(bytes),
    );
    expect(JSON.parse(note ?? "")).toMatchObject({ count: 2, ids: ["ghost-1", "ghost-2"] });
    expect(world.positions()).toEqual(world.positions().toSorted());
    expect(world.postgres.confirmed).toBe(world.postgres.walEnd);
  });
});
