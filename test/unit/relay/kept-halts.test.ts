import { beforeEach, describe, expect, it } from "@jest/globals";
import { interruptedSnapshot, slowSnapshot } from "../../support/model/interrupted-snapshot.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

const NEVER = new AbortController().signal;
const OLD = Array.from({ length: 60 }, (_, i) => row(`row-${i}`));
const UNLOGGED = {
  code: "CONFIG_TABLE",
  severity: "halt",
  keepsRowsOut: true,
  message: "public.outbox_a is unlogged",
  hint: "Run ALTER TABLE public.outbox_a SET LOGGED;",
} as const;

let world: ModelWorld;

/** A first snapshot was interrupted, and keeps its slot. */
beforeEach(async () => {
  world = new ModelWorld();
  world.postgres.tableRows = [...OLD];
  await interruptedSnapshot(world);
  expect(world.ids().length).toBeLessThan(OLD.length);
});

interface Meeting {
  readonly what: string;
  readonly code: string;
  /** The relay that met it; what causes it is taken back. */
  readonly meet: () => Promise<ModelRelay>;
}

const MEETINGS: readonly Meeting[] = [
  {
    what: "a start finds in preflight",
    code: "CONFIG_TABLE",
    meet: async () => {
      world.postgres.treeFindings = [UNLOGGED];
      const relay = slowSnapshot(world);
      await world.clock.advance(6_000);
      world.postgres.treeFindings = [];
      return relay;
    },
  },
  {
    what: "a start finds before it takes the slot",
    code: "PUBLICATION_CHANGED",
    meet: async () => {
      world.postgres.publication = "another";
      const relay = slowSnapshot(world);
      await world.clock.advance(6_000);
      world.postgres.publication = "p";
      return relay;
    },
  },
  {
    what: "is met with the slot in hand, while Kafka is away",
    code: "PUBLICATION_CHANGED",
    meet: async () => {
      const relay = slowSnapshot(world);
      while (world.ids().length < 30) await world.clock.advance(1);
      world.cluster.isDown = true;
      world.postgres.publication = "another";
      await world.clock.advance(12_000);
      world.postgres.publication = "p";
      world.cluster.isDown = false;
      return relay;
    },
  },
];

describe("a halt that may mean missing rows, and a slot that an interrupted backfill keeps", () => {
  /** The halt is written down beside the slot, nothing more is published, and rows come and go meanwhile. */
  async function halted({ code, meet }: Meeting): Promise<ModelRelay> {
    const relay = await meet();
    world.postgres.commit([row("deleted")]);
    world.postgres.commit([row("stays")]);
    world.postgres.tableRows.push(row("stays"));
    const published = world.ids();
    await world.clock.advance(30_000);
    expect(relay.relay.state).toMatchObject({ name: "failed", reason: { code } });
    expect(world.ids()).toEqual(published);
    expect(world.stored()).toMatchObject({ pending: "backfill", halt: { code } });
    expect(world.stored().slotSnapshot?.lsn).toBe(world.postgres.confirmed);
    return relay;
  }

  it.each(MEETINGS)("that $what: both stay, also for the relay after it", async (meeting) => {
    const relay = await halted(meeting);
    relay.stop();
    await world.clock.advance(1_000);
    const next = slowSnapshot(world);
    await world.clock.advance(30_000);
    expect(next.relay.state).toMatchObject({ name: "failed", reason: { code: meeting.code } });
    expect(world.stored().slotSnapshot?.lsn).toBe(world.postgres.confirmed);
  });

  it.each(MEETINGS)(
    "that $what: accepted, the slot is kept and each row comes once, also one that was deleted",
    async (meeting) => {
      const relay = await halted(meeting);
      const { drops } = world.postgres;
      await world.during(world.operations().acceptPublication(NEVER), 1_000);
      await world.clock.advance(30_000);
      expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
      expect(world.ids()).toEqual([...OLD.map(({ id }) => id), "deleted", "stays"]);
      expect(world.positions()).toEqual(world.positions().toSorted());
      expect(world.postgres.drops).toBe(drops);
      expect(world.stored()).toMatchObject({ pending: null, slotSnapshot: null, halt: null });
    },
  );

  it.each(MEETINGS)(
    "that $what: repaired, what the table holds comes once, by a new slot",
    async (meeting) => {
      const relay = await halted(meeting);
      const { drops } = world.postgres;
      const repaired = world.during(world.operations().repair(false, NEVER), 1_000);
      expect(await repaired).toMatchObject({ backfills: true });
      world.postgres.commit([row("during")]);
      world.postgres.tableRows.push(row("during"));
      await world.clock.advance(30_000);
      expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
      world.postgres.commit([row("after")]);
      await world.clock.advance(1_000);
      const rows = world.postgres.tableRows.map(({ id }) => id);
      expect(world.ids().toSorted()).toEqual([...rows, "after"].toSorted());
      expect(world.postgres.drops).toBe(drops + 1);
      expect(world.stored()).toMatchObject({ pending: null, slotSnapshot: null, halt: null });
    },
  );
});
