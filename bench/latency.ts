/**
 * Commit-to-consumer latency at a paced rate: from the commit time that Postgres recorded to the moment at which a
 * read_committed consumer (kafkajs) has the record. All on one machine, one clock.
 * Usage: npx node bench/latency.ts [EVENTS_PER_SECOND] [SECONDS]    (2000 and 20 unless given)
 */
import { setTimeout as delay } from "node:timers/promises";
import { print, Rig, TOPIC } from "./rig.ts";

const rate = Number(process.argv[2] ?? 2_000);
const seconds = Number(process.argv[3] ?? 20);
const WARM_UP_SECONDS = 3;
/** Rows in one transaction: an order and what goes with it. */
const ROWS_PER_TRANSACTION = 2;
const TICK_MS = 5;

const rig = await Rig.start(12);
try {
  for (const delivery of ["exactly-once", "at-least-once"]) await measure(delivery);
} finally {
  await rig.stop();
}

async function measure(delivery: string): Promise<void> {
  const slot = delivery.replaceAll("-", "_");
  const relay = rig.relay({ RELAY_DELIVERY: delivery, RELAY_SLOT_NAME: slot });
  await relay.streaming();
  const latenciesMs: number[] = [];
  const consumer = rig
    .kafka()
    .consumer({ groupId: slot, readUncommitted: false, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => {
      const nowMs = Date.now();
      for (const { timestamp } of batch.messages) latenciesMs.push(nowMs - Number(timestamp));
      return Promise.resolve();
    },
  });
  await write(WARM_UP_SECONDS);
  latenciesMs.length = 0;
  await write(seconds);
  await delay(500);
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
  print({
    delivery,
    rate,
    events: latenciesMs.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    rssMbMax: await relay.rssMbMax(),
  });
  await consumer.disconnect();
  await relay.stop();
}

/** Inserts at the paced rate, in small transactions; catches up when a tick came late. */
async function write(forSeconds: number): Promise<void> {
  const startedMs = performance.now();
  let sent = 0;
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    if (elapsedMs > forSeconds * 1000) return;
    const due = (rate * elapsedMs) / 1000;
    for (; sent < due; sent += ROWS_PER_TRANSACTION) {
      await rig.client.query(
        `insert into outbox (aggregatetype, aggregateid, type, payload)
         select 'order', 'order-' || (($1::int + n) % 5000), 'OrderPlaced', jsonb_build_object('seq', $1::int, 'text', repeat('x', 256))
         from generate_series(1, ${ROWS_PER_TRANSACTION}) n`,
        [sent],
      );
    }
    await delay(TICK_MS);
  }
}
