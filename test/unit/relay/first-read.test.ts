import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ModelSink } from "../../support/model/model-kafka.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;
let sink: ModelSink;

beforeEach(async () => {
  world = new ModelWorld();
  sink = world.sink();
  const first = world.start({}, { sink });
  await world.clock.advance(50);
  const begun = world.postgres.confirmed;
  world.postgres.commit([row("1"), row("2")]);
  // Long enough for a checkpoint that covers the end of the transaction, too.
  await world.clock.advance(20_000);
  first.stop();
  await world.clock.advance(50);
  await first.ended;
  // What the checkpoint covers comes again, as after a relay that died before it confirmed.
  world.postgres.confirmed = begun;
});

describe("what the first read of a stream brings, before the checkpoint is known", () => {
  it.each([1, 2, 3, 4, 5])(
    "halts at a row that cannot be published, although all rows before it turn out to be published (%i messages)",
    async (messages) => {
      world.postgres.commit([{ id: "bad", key: null }]);
      world.postgres.firstReadMessages = messages;
      const opens = world.postgres.opens;
      const relay = world.start({}, { sink });
      await world.clock.advance(30_000);
      expect(relay.relay.state.name).toBe("failed");
      expect(relay.relay.state.reason?.code).toBe("ROW_NULL");
      // It looks again and again, as it does at every halt, and says nothing else meanwhile.
      expect(world.postgres.opens - opens).toBeGreaterThan(2);
      const states = relay.states.map(({ name }) => name);
      expect(states.slice(states.indexOf("failed"))).toEqual(["failed"]);
      expect(world.ids()).toEqual(["1", "2"]);
    },
  );

  it("drops rows that are published, and publishes the others", async () => {
    world.postgres.commit([row("3")]);
    world.postgres.firstReadMessages = 7;
    const relay = world.start({}, { sink });
    await world.clock.advance(1_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(world.ids()).toEqual(["1", "2", "3"]);
  });

  it("lets a relay stop at once when it covers everything", async () => {
    world.postgres.firstReadMessages = 5;
    const relay = world.start({}, { sink });
    let hasEnded = false;
    void relay.ended.then(() => {
      hasEnded = true;
    });
    relay.stop();
    await world.clock.advance(1_000);
    expect(hasEnded).toBe(true);
    expect(world.ids()).toEqual(["1", "2"]);
  });
});

describe("what an opening after a lost answer finds published", () => {
  it("ends the session at a row that cannot be published behind it, which is looked at again and again", async () => {
    world.postgres.confirmed = world.postgres.walEnd;
    world.start({}, { sink });
    await world.clock.advance(100);
    const fates = [{ apply: true, answer: false, delayMs: 1 }];
    sink.fate = () => fates.pop() ?? { apply: true, answer: true, delayMs: 1 };
    const { opens } = world.postgres;
    // All in one transaction, so that there is nothing behind it that could become a checkpoint.
    world.postgres.commit([row("3"), { id: "bad", key: null }]);
    await world.clock.advance(20_000);
    expect([fates, world.ids()]).toEqual([[], ["1", "2", "3"]]);
    expect(world.postgres.opens - opens).toBeGreaterThan(2);
  });
});
