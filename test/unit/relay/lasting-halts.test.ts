import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

const NEVER = new AbortController().signal;

const version = (): number =>
  (JSON.parse(new TextDecoder().decode(world.cluster.checkpoints.at(-1))) as { v: number }).v;

const UNLOGGED: Finding = {
  code: "CONFIG_TABLE",
  severity: "halt",
  keepsRowsOut: true,
  message: "public.outbox_a is unlogged",
  hint: "Run ALTER TABLE public.outbox_a SET LOGGED;",
};

/** The catalogs are other ones for a while, and a row is written that is not in the stream. */
async function changedAndTakenBack(): Promise<void> {
  world.postgres.publication = "another";
  await world.clock.advance(6_000);
  world.postgres.publication = "p";
}

describe("a halt that may mean missing rows", () => {
  it("is written into the checkpoint, with the progress that was durable, and older relays stop at it", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    world.postgres.commit([row("1")]);
    await world.clock.advance(100);
    const { commitLsn, index, endLsn } = world.stored();
    expect([version(), index]).toEqual([1, 1]);
    await changedAndTakenBack();
    expect(version()).toBe(2);
    expect(world.stored()).toMatchObject({ commitLsn, index, endLsn });
    expect(world.stored().halt).toMatchObject({ code: "PUBLICATION_CHANGED", instance: "one" });
  });

  it("stays when its cause is taken back, also for a relay that was restarted and one that takes over", async () => {
    const first = world.start({ instance: "one" });
    await world.clock.advance(100);
    await changedAndTakenBack();
    world.postgres.commit([row("1")]);
    await world.clock.advance(20_000);
    expect(first.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    const fenced = world.cluster.epoch;
    first.stop();
    await world.clock.advance(1_000);
    const second = world.start({ instance: "two" });
    await world.clock.advance(60_000);
    expect(second.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    expect(second.relay.state.reason?.message).toMatch(/since 20.*first met by relay one/);
    expect(world.ids()).toEqual([]);
    // What is written down already needs no fencing.
    expect(world.cluster.epoch).toBe(fenced);
  });

  it("stays when it was met by a start, before the slot was in hand, and was corrected as its hint says", async () => {
    const first = world.start({ instance: "one" });
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1_000);
    world.postgres.treeFindings = [UNLOGGED];
    const second = world.start({ instance: "two" });
    await world.clock.advance(6_000);
    expect(second.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    world.postgres.treeFindings = [];
    world.postgres.commit([row("1")]);
    await world.clock.advance(20_000);
    expect(second.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    expect(world.stored().halt).toMatchObject({ code: "CONFIG_TABLE", instance: "two" });
    expect(world.ids()).toEqual([]);
    world.postgres.tableRows = [row("unlogged"), row("1")];
    await world.during(world.operations().repair(false, NEVER));
    await world.clock.advance(20_000);
    expect(second.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(expect.arrayContaining(["unlogged", "1"]));
  });

  it("is written down by a start that finds it before it takes the slot, for the relay after it", async () => {
    const first = world.start({ instance: "one" });
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1_000);
    world.postgres.treeFindings = [UNLOGGED];
    const second = world.start({ instance: "two" });
    await world.clock.advance(500);
    expect(world.stored().halt).toMatchObject({ code: "CONFIG_TABLE", instance: "two" });
    const { epoch } = world.cluster;
    await world.clock.advance(20_000);
    expect(world.cluster.epoch).toBe(epoch);
    second.stop();
    world.postgres.treeFindings = [];
    await world.clock.advance(1_000);
    const third = world.start({ instance: "three" });
    await world.clock.advance(20_000);
    expect(third.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
  });

  it("may be that Postgres 18 skipped rows, which a repair takes from the table", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    world.postgres.cut(
      new RelayError("rows were skipped", {
        code: "PUBLICATION_SKIPPED",
        remedy: "halt",
        hint: "Run outbox-relay repair.",
      }),
    );
    await world.clock.advance(20_000);
    expect(world.stored().halt).toMatchObject({ code: "PUBLICATION_SKIPPED" });
    world.postgres.tableRows = [row("skipped")];
    const { backfills } = await world.during(world.operations().repair(false, NEVER));
    expect(backfills).toBe(true);
    await world.clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["skipped"]);
  });

  it("is none before the first checkpoint: those rows are nobody's to publish", async () => {
    world.postgres.treeFindings = [UNLOGGED];
    const relay = world.start({ instance: "one" });
    await world.clock.advance(6_000);
    world.postgres.treeFindings = [];
    await world.clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
  });

  it("is settled by accept publication, which says what it accepts", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    await changedAndTakenBack();
    const { message } = await world.during(world.operations().acceptPublication(NEVER));
    expect(message).toMatch(/PUBLICATION_CHANGED: publication or outbox tables were changed/);
    expect(message).toContain("stay missing");
    expect([world.stored().halt, version()]).toEqual([null, 1]);
    world.postgres.commit([row("1")]);
    await world.clock.advance(6_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["1"]);
  });

  it("is settled by repair", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    await changedAndTakenBack();
    world.postgres.tableRows = [row("lost")];
    const { backfills } = await world.during(world.operations().repair(false, NEVER));
    expect(backfills).toBe(true);
    await world.clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["lost"]);
    expect(world.stored()).toMatchObject({ halt: null, pending: null });
  });

  it("is kept while Kafka is away, and written first when it is back, before anything is judged", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    world.cluster.isDown = true;
    await changedAndTakenBack();
    await world.clock.advance(20_000);
    expect(version()).toBe(1);
    world.cluster.isDown = false;
    world.postgres.commit([row("1")]);
    await world.clock.advance(20_000);
    expect(world.stored().halt?.code).toBe("PUBLICATION_CHANGED");
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    expect(world.ids()).toEqual([]);
  });

  it("that could not be written is no more when a person has decided meanwhile", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    world.cluster.isDown = true;
    await changedAndTakenBack();
    world.postgres.publication = "another";
    relay.stop();
    world.cluster.isDown = false;
    await world.clock.advance(10_000);
    const again = world.start({ instance: "one" });
    await world.clock.advance(10_000);
    expect(again.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    await world.during(world.operations().acceptPublication(NEVER));
    await world.clock.advance(10_000);
    expect(again.relay.state.name).toBe("streaming");
  });

  it("is none where RELAY_TABLES was set otherwise: set back, all is as it was", async () => {
    const first = world.start({ instance: "one" });
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1_000);
    world.postgres.publication = "other tables";
    const other = world.start({ configFingerprint: "d" });
    await world.clock.advance(10_000);
    expect(other.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect([world.stored().halt, version()]).toEqual([null, 1]);
    other.stop();
    await world.clock.advance(1_000);
    world.postgres.publication = "p";
    const back = world.start({ instance: "one" });
    await world.clock.advance(1_000);
    expect(back.relay.state.name).toBe("streaming");
  });
});

describe("a change of the owner", () => {
  it("is told and goes on, while it streams and at a start", async () => {
    const notes: string[] = [];
    const told = { note: (message: string) => void notes.push(message) };
    const relay = world.start({ instance: "one" }, { told });
    await world.clock.advance(100);
    [world.postgres.touched, world.postgres.owner] = ["2", "11"];
    await world.clock.advance(6_000);
    expect(relay.relay.state.name).toBe("streaming");
    expect(notes).toEqual([expect.stringContaining("the owner of publication p was changed")]);
    relay.stop();
    await world.clock.advance(1_000);
    [world.postgres.touched, world.postgres.owner] = ["3", "12"];
    const again = world.start({ instance: "one" }, { told });
    world.postgres.commit([row("1")]);
    await world.clock.advance(1_000);
    expect(again.relay.state.name).toBe("streaming");
    expect(notes).toHaveLength(2);
    expect(world.stored().catalog?.["publication p"]?.owner).toBe("12");
  });

  it("is not taken for one where the owner is the same", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    world.postgres.touched = "2";
    await world.clock.advance(6_000);
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect(relay.relay.state.reason?.message).toContain("Nothing that decides");
  });
});
