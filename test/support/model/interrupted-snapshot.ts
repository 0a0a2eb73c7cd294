import type { ModelRelay } from "./model-relay.ts";
import type { ModelWorld } from "./model-world.ts";

/** So slow that it can be stopped between two batches. */
const SLOW = { snapshot: "initial", batchEventsMax: 2, bufferBytesMax: 300 } as const;
/** Of its rows so many. */
const PUBLISHED = 20;

/** A first snapshot of the world's table that ends after some of its rows, with its slot. */
export async function interruptedSnapshot(world: ModelWorld): Promise<void> {
  const first = slowSnapshot(world);
  const until = world.cluster.records.length + PUBLISHED;
  while (world.cluster.records.length < until) await world.clock.advance(1);
  first.stop();
  await world.clock.advance(1_000);
}

/** A relay that publishes rows from before its slot a few at a time. */
export function slowSnapshot(world: ModelWorld): ModelRelay {
  return world.start(SLOW);
}
