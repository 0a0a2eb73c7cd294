import { describe, expect, it } from "@jest/globals";
import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import { ModelWorld } from "../../support/model/model-world.ts";

describe("rows of a dropped child that come again", () => {
  it("halt nothing when the checkpoint covers their whole transaction, and it is the last one", async () => {
    const world = new ModelWorld();
    const { clock, postgres } = world;
    const published = async (...ids: readonly string[]): Promise<void> => {
      for (const id of ids) postgres.commit([{ id, key: "k", table: child }]);
      const relay = world.start();
      await clock.advance(100);
      relay.stop();
      await clock.advance(100);
    };
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    await published();
    await published("first");
    const { confirmed } = postgres;
    postgres.commit([{ id: "last", key: "k", table: child }]);
    postgres.tables.drop(child);
    await published();
    expect(world.stored().tables?.children).toEqual([]);
    postgres.confirmed = confirmed;
    const relay = world.start();
    await clock.advance(100);
    expect(relay.relay.state.name).toBe("streaming");
    expect(world.ids()).toEqual(["first", "last"]);
  });
});
