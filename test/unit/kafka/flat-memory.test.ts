import { describe, expect, it } from "@jest/globals";
import { heapBytes } from "../../support/heap.ts";
import { DELIVERIES, instantProducer, publishMany } from "./instant-brokers.ts";

const BATCHES = 40_000;
/** A promise takes 32 bytes and more, so that one kept for each batch is twice as much as this. */
const BYTES_A_BATCH_MAX = 16;

describe("memory of the produce path", () => {
  it.each(DELIVERIES)("is flat over many batches with %s delivery", async (delivery) => {
    const publish = await instantProducer(delivery);
    await publishMany(publish, BATCHES / 4);
    const before = heapBytes();
    await publishMany(publish, BATCHES);
    expect((heapBytes() - before) / BATCHES).toBeLessThan(BYTES_A_BATCH_MAX);
  });
});
