import { beforeEach, describe, expect, it } from "@jest/globals";
import { ModelWorld, row } from "../../support/model/model-world.ts";

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

describe("a row whose column had a type without a known binary form when it was written", () => {
  it("is published from a stream in text, with all around it, once each", async () => {
    const relay = world.start();
    await world.clock.advance(100);
    world.postgres.enumId = "old";
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("old"), row("2")]);
    await world.clock.advance(200);
    expect(world.postgres.isTextOnly).toBe(true);
    expect(world.ids()).toEqual(["1", "old", "2"]);
    expect(relay.relay.state.name).toBe("streaming");
    world.postgres.commit([row("3")]);
    await world.clock.advance(200);
    expect(world.ids()).toEqual(["1", "old", "2", "3"]);
  });

  it("halts the stream where no text can be had either, and asks for it again after a pause only", async () => {
    world.postgres.useText = () => false;
    const relay = world.start();
    await world.clock.advance(100);
    world.postgres.enumId = "old";
    world.postgres.commit([row("1")]);
    world.postgres.commit([row("old"), row("2")]);
    await world.clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({ name: "failed", reason: { code: "ROW_TYPE" } });
    expect(world.ids()).toEqual(["1"]);
    expect(world.postgres.opens).toBeLessThan(20);
  });
});
