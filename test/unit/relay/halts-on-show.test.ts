import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

/** Names and codes that were on show, from the first halt on. */
function shown({ states }: ModelRelay): string[] {
  const first = states.findIndex(({ name }) => name === "failed");
  return states
    .slice(Math.max(first, 0))
    .map(({ name, reason }) => `${name} ${reason?.code ?? ""}`);
}

describe("a halt at a row", () => {
  beforeEach(() => {
    world.postgres.undecodableId = "bad";
  });

  it("stays on show for each of two relays that take the slot from each other, until one got past the row", async () => {
    const relays = [world.start(), world.start()];
    await world.clock.advance(2_000);
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("bad")]);
    await world.clock.advance(120_000);
    for (const one of relays) expect(shown(one)).toEqual(["failed POSTGRES_DECODING"]);
    world.postgres.undecodableId = null;
    await world.clock.advance(30_000);
    expect(relays.map(({ relay }) => relay.state.name).toSorted()).toEqual([
      "standby",
      "streaming",
    ]);
    expect(relays.flatMap(shown).toSorted()).toEqual([
      "failed POSTGRES_DECODING",
      "failed POSTGRES_DECODING",
      "standby ",
      "streaming ",
    ]);
    expect(world.ids()).toEqual(["1", "bad"]);
  });

  it("is not replaced by what attempts in between meet, which is told beside it", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    world.postgres.commit([row("bad")]);
    await world.clock.advance(5_000);
    world.cluster.isDown = true;
    await world.clock.advance(30_000);
    expect(relay.relay.attempt).toMatchObject({ reason: { code: "KAFKA_UNREACHABLE" } });
    world.cluster.isDown = false;
    await world.clock.advance(30_000);
    expect(shown(relay)).toEqual(["failed POSTGRES_DECODING"]);
    world.postgres.undecodableId = null;
    await world.clock.advance(30_000);
    expect(relay.relay.attempt).toBeNull();
    expect(shown(relay).at(-1)).toBe("streaming ");
  });

  it("is not over when rows before it are published", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    world.cluster.isDown = true;
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("2")]);
    world.postgres.commit([row("bad")]);
    await world.clock.advance(200);
    world.cluster.isDown = false;
    await world.clock.advance(60_000);
    expect(world.ids()).toEqual(["1", "2"]);
    expect(shown(relay)).toEqual(["failed POSTGRES_DECODING"]);
  });
});

describe("a row that Kafka does not take, whose relay lets the slot go", () => {
  it("is on show until it is published, and nothing else is shown while the slot comes and goes", async () => {
    const relay = world.start({ sinkStallReleaseMs: 3_000, batchEventsMax: 1 });
    await world.clock.advance(100);
    world.cluster.missingTopics.add("outbox.event.new");
    world.postgres.commit([row("1"), { ...row("2"), route: "new" }, row("3")]);
    await world.clock.advance(10_000);
    expect(relay.transitions).toContain("released");
    expect(shown(relay)).toEqual(["failed TOPIC_MISSING"]);
    world.cluster.missingTopics.clear();
    await world.clock.advance(10_000);
    expect(world.ids()).toEqual(["1", "2", "3"]);
    expect(shown(relay)).toEqual(["failed TOPIC_MISSING", "streaming "]);
  });
});

describe("a row that was written while the publication was missing", () => {
  beforeEach(() => {
    world.postgres.undecodableId = "bad";
    const details = { code: "PUBLICATION_MISSING", remedy: "halt", hint: "repair" } as const;
    world.postgres.decodingFault = new RelayError("publication p did not exist", details);
  });

  it("halts once and for all, is written down, and repair settles it", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    world.postgres.commit([row("bad")]);
    await world.clock.advance(120_000);
    const codes = new Set(shown(relay));
    expect([...codes]).toEqual(["failed PUBLICATION_MISSING"]);
    expect(world.stored().halt?.code).toBe("PUBLICATION_MISSING");
    world.postgres.tableRows = [row("bad")];
    const operations = world.operations();
    const { signal } = new AbortController();
    await expect(operations.acceptPublication(signal)).rejects.toMatchObject({
      code: "PUBLICATION_MISSING",
    });
    const repaired = operations.repair(false, signal);
    await world.clock.advance(100);
    expect(await repaired).toMatchObject({ backfills: true });
    world.postgres.transactions.splice(0);
    await world.clock.advance(30_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["bad"]);
  });

  it("keeps no row back that was read before it", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("bad")]);
    await world.clock.advance(10_000);
    expect(world.ids()).toEqual(["1"]);
    expect([...new Set(shown(relay))]).toEqual(["failed PUBLICATION_MISSING"]);
  });

  it("is named by the catalogs at once when the publication was made again meanwhile", async () => {
    const first = world.start();
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1_000);
    world.postgres.publication = "made again";
    world.postgres.commit([row("bad")]);
    const relay = world.start();
    await world.clock.advance(60_000);
    expect([...new Set(shown(relay))]).toEqual(["failed PUBLICATION_CHANGED"]);
    expect(world.postgres.opens).toBe(1);
  });
});

describe("a halt of preflight", () => {
  const finding = {
    code: "CONFIG_TABLE",
    severity: "halt",
    message: "gone",
    hint: "make it",
  } as const;

  it("is over when preflight passes, also for a relay that then stands by", async () => {
    const leader = world.start();
    await world.clock.advance(100);
    world.postgres.findings = [finding];
    const other = world.start();
    await world.clock.advance(30_000);
    expect(other.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    world.postgres.findings = [];
    await world.clock.advance(30_000);
    expect([leader, other].map(({ relay }) => relay.state.name)).toEqual(["streaming", "standby"]);
  });
});

describe("a halt of an earlier start", () => {
  it("is over for a relay that stands by once another one goes on", async () => {
    const relays = [world.start(), world.start()];
    await world.clock.advance(2_000);
    world.postgres.publication = "another";
    await world.clock.advance(60_000);
    for (const one of relays) expect(one.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    const { signal } = new AbortController();
    await world.during(world.operations().acceptPublication(signal), 100);
    await world.clock.advance(180_000);
    expect(relays.map(({ relay }) => relay.state.name).toSorted()).toEqual([
      "standby",
      "streaming",
    ]);
  });
});

describe("a server whose WAL ended before the checkpoint", () => {
  it("is not taken for right when it has written past it", async () => {
    const first = world.start();
    await world.clock.advance(100);
    for (let i = 0; i < 5; i++) world.postgres.commit([row(`${i}`)]);
    await world.clock.advance(100);
    first.stop();
    await world.clock.advance(1_000);
    const copy = new ModelPostgres();
    copy.hasSlot = true;
    const relay = world.start({}, { postgres: copy });
    await world.clock.advance(10_000);
    expect(relay.relay.state.reason?.code).toBe("LINEAGE_REWOUND");
    for (let i = 0; i < 20; i++) copy.commit([row(`again ${i}`)]);
    await world.clock.advance(60_000);
    expect(shown(relay)).toEqual(["failed LINEAGE_REWOUND"]);
    expect(world.ids()).toHaveLength(5);
  });
});
