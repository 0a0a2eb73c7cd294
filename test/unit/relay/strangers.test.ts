import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Operations } from "../../../src/relay/operate/operations.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

const NEVER = new AbortController().signal;

describe("a relay of another server with the same names", () => {
  let stranger: ModelPostgres;

  beforeEach(() => {
    stranger = new ModelPostgres();
    stranger.systemId = "2";
  });

  it.each([
    ["without a slot", false],
    ["with a slot", true],
  ])(
    "%s never fences the relay at work, and names both sides and the settings",
    async (_what, hasSlot) => {
      const relay = world.start({ instance: "one" });
      await world.clock.advance(100);
      const fenced = world.cluster.epoch;
      stranger.hasSlot = hasSlot;
      const other = world.start({}, { postgres: stranger });
      await world.clock.advance(60_000);
      expect(other.relay.state).toMatchObject({
        name: "failed",
        reason: { code: "LINEAGE_FOREIGN" },
      });
      const { message = "", hint = "" } = other.relay.state.reason ?? {};
      expect(message).toMatch(
        /identifier 2, database 5.*identifier 1, database 5.*relay one wrote/,
      );
      expect(hint).toMatch(/RELAY_SLOT_NAME.*RELAY_CHECKPOINT_TOPIC and RELAY_TRANSACTIONAL_ID/);
      expect(hint).not.toContain("repair");
      expect(world.cluster.epoch).toBe(fenced);
      expect(world.stored()).toMatchObject({ halt: null, systemId: "1" });
      world.postgres.commit([row("1")]);
      await world.clock.advance(100);
      expect([relay.relay.state.name, world.ids()]).toEqual(["streaming", ["1"]]);
    },
  );

  it("is told so by its first look, not by the slot", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    const other = world.start({}, { postgres: stranger });
    await world.clock.advance(1_000);
    expect(other.states.map(({ reason }) => reason?.code)).toEqual(["LINEAGE_FOREIGN"]);
  });

  it("is told so before what is wrong with the tables there, and keeps none of it for the relay's own server", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    relay.stop();
    await world.clock.advance(100);
    stranger.treeFindings = [
      {
        ...{ code: "CONFIG_TABLE", severity: "halt", keepsRowsOut: true },
        ...{ message: "table public.outbox does not exist", hint: "Run outbox-relay migrate up" },
      },
    ];
    const other = world.start({}, { postgres: stranger });
    await world.clock.advance(1_000);
    expect(other.states.map(({ reason }) => reason?.code)).toEqual(["LINEAGE_FOREIGN"]);
    stranger.systemId = "1";
    stranger.treeFindings = [];
    stranger.hasSlot = true;
    await world.clock.advance(10_000);
    expect(world.stored().halt).toBeNull();
  });

  it("of another database of the same server is one as well", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    const fenced = world.cluster.epoch;
    stranger.systemId = "1";
    stranger.databaseOid = 6;
    const other = world.start({}, { postgres: stranger });
    await world.clock.advance(10_000);
    expect(other.relay.state.reason?.code).toBe("LINEAGE_FOREIGN");
    expect(world.cluster.epoch).toBe(fenced);
  });

  const adoption = (takesOver: boolean): Promise<string> => {
    const decided = world.operations(stranger).adopt({ trustsSlot: false, takesOver }, NEVER);
    return world.during(decided.then(({ message }) => message));
  };

  it("does not adopt what a relay at work writes, unless it is said outright", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    const fenced = world.cluster.epoch;
    await expect(adoption(false)).rejects.toMatchObject({
      code: "LINEAGE_FOREIGN",
      hint: expect.stringContaining("--take-over"),
    });
    expect(world.cluster.epoch).toBe(fenced);
    expect(await adoption(true)).toContain("comparing");
    expect(world.cluster.epoch).toBe(fenced + 1);
  });

  it("adopts what nobody has written to for a minute", async () => {
    const relay = world.start({ instance: "one" });
    await world.clock.advance(100);
    relay.stop();
    await world.clock.advance(61_000);
    expect(await adoption(false)).toContain("comparing");
  });

  it("does not adopt what is written to while it looks, whatever the writer's clock says", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    // No checkpoint for a minute: then one comes while adopt looks.
    await world.clock.advance(61_000);
    world.clock.after(5_000, () => world.postgres.commit([row("1")]));
    await expect(adoption(false)).rejects.toBeInstanceOf(RelayError);
  });

  it.each([
    ["repair", (operations: Operations) => operations.repair(false, NEVER)],
    ["accept publication", (operations: Operations) => operations.acceptPublication(NEVER)],
    ["slot create", (operations: Operations) => operations.createSlot(NEVER)],
  ] as const)("fences nobody by %s", async (_, decide) => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    const fenced = world.cluster.epoch;
    await expect(world.during(decide(world.operations(stranger)))).rejects.toMatchObject({
      code: "LINEAGE_FOREIGN",
    });
    expect(world.cluster.epoch).toBe(fenced);
  });
});

describe("a copy of the server that is older than the checkpoint", () => {
  it("never fences the relay at work", async () => {
    world.start({ instance: "one" });
    await world.clock.advance(100);
    for (let i = 0; i < 10; i++) world.postgres.commit([row(`${i}`)]);
    await world.clock.advance(100);
    const fenced = world.cluster.epoch;
    const copy = new ModelPostgres();
    copy.hasSlot = true;
    const other = world.start({}, { postgres: copy });
    await world.clock.advance(60_000);
    expect(other.relay.state.reason?.code).toBe("LINEAGE_REWOUND");
    expect(world.cluster.epoch).toBe(fenced);
  });
});

describe("a server on a later timeline", () => {
  const adoption = (takesOver: boolean): Promise<string> => {
    const decided = world.operations().adopt({ trustsSlot: false, takesOver }, NEVER);
    return world.during(decided.then(({ message }) => message));
  };

  it("is asked for its history where the checkpoint is of an earlier one, and adopted on request alone", async () => {
    const former = world.start({ instance: "one" });
    await world.clock.advance(100);
    world.postgres.commit([row("1")]);
    await world.clock.advance(100);
    former.stop();
    await world.clock.advance(1_000);
    const fenced = world.cluster.epoch;
    world.postgres.promote(world.postgres.walEnd);
    world.postgres.timelineHistory = null;
    const relay = world.start({ instance: "two" });
    await world.clock.advance(1_000);
    expect(relay.relay.state.reason).toMatchObject({
      code: "LINEAGE_UNKNOWN",
      hint: expect.stringContaining("Copy 00000002.history"),
    });
    expect(world.cluster.epoch).toBe(fenced);
    relay.stop();
    await world.clock.advance(1_000);
    expect(await adoption(false)).toContain("nothing was changed");
    expect(await adoption(true)).toContain("comparing");
  });

  it("needs no history once a checkpoint is of its own", async () => {
    const former = world.start({ instance: "one" });
    await world.clock.advance(100);
    former.stop();
    world.postgres.promote(world.postgres.walEnd);
    const second = world.start({ instance: "two" });
    await world.clock.advance(1_000);
    world.postgres.commit([row("1")]);
    await world.clock.advance(1_000);
    second.stop();
    await world.clock.advance(1_000);
    world.postgres.timelineHistory = null;
    const third = world.start({ instance: "three" });
    await world.clock.advance(1_000);
    world.postgres.commit([row("2")]);
    await world.clock.advance(1_000);
    expect([third.relay.state.name, world.ids()]).toEqual(["streaming", ["1", "2"]]);
  });
});
