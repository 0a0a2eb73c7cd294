import { heapBytes } from "../test/support/heap.ts";
import { DELIVERIES, instantProducer, publishMany } from "../test/unit/kafka/instant-brokers.ts";

const STEPS = 10;

/**
 * What the produce path holds after each tenth of many batches, with brokers that answer at once:
 * `node bench/flat-memory.ts [BATCHES]`, ten million unless given, which takes about twenty minutes.
 */
const batches = Number(process.argv[2] ?? 10_000_000);
for (const delivery of DELIVERIES) {
  const publish = await instantProducer(delivery);
  await publishMany(publish, batches / STEPS / 10);
  const first = heapBytes();
  for (let step = 1; step <= STEPS; step++) {
    await publishMany(publish, batches / STEPS);
    const heap = heapBytes();
    const bytes = ((heap - first) / (batches / STEPS) / step).toFixed(3);
    const done = ((batches / STEPS) * step).toLocaleString("en");
    process.stdout.write(
      `${delivery}: ${done} batches, ${(heap / 1e6).toFixed(2)} MB of heap, ${bytes} bytes more a batch\n`,
    );
  }
}
