import { expect, it } from "@jest/globals";
import { ModelWorld, row } from "../../support/model/model-world.ts";

it.each([
  ["one row at least", 1, 4],
  ["as many rows as fit", 230, 2],
  ["all rows that wait", Number.POSITIVE_INFINITY, 1],
])(
  "a batch has %s where the sink can make no more durable in time, and all come in order",
  async (_, bytesMax, batches) => {
    const world = new ModelWorld();
    const sink = world.sink();
    world.start({ batchEventsMax: 100 }, { sink });
    await world.clock.advance(1_000);
    const before = world.cluster.checkpoints.length;
    sink.batchBytesMax = bytesMax;
    world.postgres.commit(["1", "2", "3", "4"].map((id) => row(id)));
    await world.clock.advance(1_000);
    expect(world.ids()).toEqual(["1", "2", "3", "4"]);
    expect(world.cluster.checkpoints.length - before).toBe(batches);
  },
);
