import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ModelSink } from "../../support/model/model-kafka.ts";
import { GOOD_FATE } from "../../support/model/model-kafka.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;
let sink: ModelSink;
let relay: ModelRelay;

beforeEach(async () => {
  world = new ModelWorld();
  sink = world.sink();
  relay = world.start({}, { sink });
  await world.clock.advance(50);
});

describe("a row that Postgres cannot decode", () => {
  it("keeps the relay in state failed while it tries again, less and less often, until the row passes", async () => {
    world.postgres.undecodableId = "huge";
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("huge")]);
    world.postgres.commit([row("after")]);
    await world.clock.advance(1_000);
    expect(relay.relay.state.reason?.code).toBe("POSTGRES_DECODING");
    const [opens, states] = [world.postgres.opens, relay.states.length];
    await world.clock.advance(60_000);
    expect(world.postgres.opens - opens).toBeLessThan(30);
    expect(relay.states.slice(states).filter(({ name }) => name !== "failed")).toEqual([]);
    expect(world.ids()).toEqual(["1"]);
    world.postgres.undecodableId = null;
    await world.clock.advance(6_000);
    expect(world.ids()).toEqual(["1", "huge", "after"]);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
  });
});

describe("a row that Postgres cannot decode, close behind the place where a relay starts", () => {
  beforeEach(async () => {
    relay.stop();
    await world.clock.advance(1_000);
    world.postgres.undecodableId = "huge";
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("2")]);
    world.postgres.commit([row("huge")]);
  });

  it.each([
    ["all comes in the first read", 100, false],
    ["all comes in the first read, and the slot is free by then", 100, true],
    ["the slot is free before anything is read", 0, true],
    ["some of it comes in the first read, and the slot is free by then", 4, true],
  ])("keeps no row back where %s", async (_when, messages, decodesAhead) => {
    world.postgres.firstReadMessages = messages;
    world.postgres.decodesAhead = decodesAhead;
    relay = world.start();
    await world.clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "POSTGRES_DECODING" },
    });
    expect([...new Set(relay.states.map(({ name }) => name))]).toEqual(["failed"]);
    expect(world.ids()).toEqual(["1", "2"]);
    world.postgres.undecodableId = null;
    await world.clock.advance(10_000);
    expect(world.ids()).toEqual(["1", "2", "huge"]);
  });

  it("leaves a relay alone that has taken the slot meanwhile", async () => {
    world.postgres.decodesAhead = true;
    const slot = world.postgres.slot.bind(world.postgres);
    let asked = 0;
    world.postgres.slot = async () => {
      const facts = await slot();
      asked += 1;
      return facts === null ? null : { ...facts, active: true, activePid: 4711 };
    };
    const { epoch } = world.cluster;
    relay = world.start();
    await world.clock.advance(20_000);
    expect(asked).toBeGreaterThan(2);
    expect([world.cluster.epoch, world.ids()]).toEqual([epoch, []]);
  });
});

describe("a stream that is cut", () => {
  it("leaves no control connection in use that may be half open", async () => {
    world.postgres.cut();
    await world.clock.advance(1_000);
    expect([world.postgres.reconnects, world.postgres.isStreaming]).toEqual([1, true]);
  });
});

describe("a relay whose questions lead to another server than its stream", () => {
  it("fences nobody and publishes nothing until both lead to one again", async () => {
    const { epoch } = world.cluster;
    world.postgres.askedServer = "2";
    world.postgres.cut();
    world.postgres.commit([row("1")]);
    await world.clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({
      name: "starting",
      reason: { code: "SERVER_MISMATCH", remedy: "retry" },
    });
    expect([world.cluster.epoch, world.ids()]).toEqual([epoch, []]);
    world.postgres.askedServer = "1";
    await world.clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["1"]);
  });
});

describe("a relay whose stream ended without a word", () => {
  it("fences nobody when its sink fails: it asks for the slot first, finds another in its place, and stands by", async () => {
    const { epoch } = world.cluster;
    sink.fate = () => ({ apply: false, answer: false, delayMs: 200 });
    world.postgres.commit([row("1")]);
    await world.clock.advance(50);
    world.postgres.abandon();
    await world.postgres.open(SILENT_HANDLERS);
    await world.clock.advance(1_000);
    expect(relay.relay.state.name).toBe("standby");
    expect(world.cluster.epoch).toBe(epoch);
    world.postgres.abandon();
    sink.fate = GOOD_FATE;
    await world.clock.advance(5_000);
    expect(world.ids()).toEqual(["1"]);
  });
});
