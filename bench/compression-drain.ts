/**
 * Drains the same rows, varied orders, into 12 partitions with each codec, one after the other on the same servers: CPU of the
 * relay and of the broker for each event, and what came of the bytes. The first drain warms the broker up and is not told.
 * Usage: npx node bench/compression-drain.ts [ROWS]    (100000 unless given)
 */
import { readFile } from "node:fs/promises";
import { startKafka } from "../src/demo/services/embedded-kafka.ts";
import { OrderPayloads } from "../test/support/order-payloads.ts";
import type { BenchRelay } from "./rig.ts";
import { print, Rig } from "./rig.ts";

const rows = Number(process.argv[2] ?? 100_000);
const PER_TRANSACTION = 100;
const NAMES = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
/** Those that follow a warm-up, once forth and once back, so that what grows with time evens out. */
const ORDER = [...NAMES, ...NAMES.toReversed()];

const kafka = await startKafka();
process.env["TEST_KAFKA_BROKERS"] = kafka.brokers.join(",");
const rig = await Rig.start(12);
try {
  const runs = ["none" as const, ...ORDER].map((name, index) => {
    return {
      name,
      settings: { RELAY_PRODUCER_COMPRESSION: name, RELAY_SLOT_NAME: `run_${index}` },
    };
  });
  for (const { settings } of runs) {
    const first = rig.relay(settings);
    await first.streaming();
    await first.stop();
  }
  await fill();
  for (const [index, { name, settings }] of runs.entries()) {
    const figures = await drain(settings);
    if (index > 0) print({ codec: name, rows, ...figures });
  }
} finally {
  await rig.stop();
  await kafka.stop();
}

async function fill(): Promise<void> {
  const payloads = new OrderPayloads(7);
  for (let done = 0; done < rows; done += PER_TRANSACTION) {
    const batch = Array.from({ length: PER_TRANSACTION }, () => [payloads.key(), payloads.next()]);
    await rig.client.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', k, 'OrderPlaced', p from unnest($1::text[], $2::jsonb[]) as t(k, p)",
      [batch.map(([key]) => key), batch.map(([, payload]) => payload)],
    );
  }
}

async function drain(settings: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const relay = rig.relay(settings);
  await relay.streaming();
  const before = [await relay.cpuSeconds(), await brokerCpuSeconds()] as const;
  const startedMs = performance.now();
  await relay.untilPublished(rows);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = [await relay.cpuSeconds(), await brokerCpuSeconds()] as const;
  const figures = {
    relayCpuUs: perEvent(after[0] - before[0]),
    brokerCpuUs: perEvent(after[1] - before[1]),
    perSecond: Math.round(rows / seconds),
    ratio: await ratio(relay),
    rssMbMax: await relay.rssMbMax(),
  };
  await relay.stop();
  return figures;
}

/** User and system CPU of the broker so far; Linux only. */
async function brokerCpuSeconds(): Promise<number> {
  const text = await readFile(`/proc/${kafka.pids[0]}/stat`, "utf8");
  const fields = text.split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function ratio(relay: BenchRelay): Promise<number> {
  const port = /"port":(\d+)/.exec(relay.output())?.[1];
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^relay_compression_${name}_bytes_total (\\d+)`, "m").exec(text)?.[1] ?? 0);
  return value("sent") === 0 ? 1 : Number((value("plain") / value("sent")).toFixed(2));
}

function perEvent(seconds: number): number {
  return Number(((seconds * 1e6) / rows).toFixed(2));
}
