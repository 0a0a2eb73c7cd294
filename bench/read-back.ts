/**
 * Publishes events of about 150 bytes into 12 partitions, then reads back what is published, as a repair does: all of
 * it from the beginning, once for each compression that a topic may ask of its broker, and the events after a position
 * near the end. Each reading is a process of its own.
 * Usage: npx node bench/read-back.ts [EVENTS]    (1000000 unless given)
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import "../src/kafka/kafkajs-timers.ts";
import { startKafka } from "../src/demo/services/embedded-kafka.ts";
import { createTopicsWithLeaders } from "../src/demo/services/kafka-topics.ts";
import { KafkaSink } from "../src/kafka/kafka-sink.ts";
import { kafkajsPorts } from "../src/kafka/kafkajs-ports.ts";
import { systemClock } from "../src/ops/system-clock.ts";
import type { Lsn } from "../src/relay/lsn.ts";
import { formatPosition } from "../src/relay/position.ts";
import type { OutboundRecord } from "../src/relay/record/outbound-record.ts";
import { packRecord } from "../src/relay/record/pack-record.ts";

const READER = fileURLToPath(new URL("read-back-reader.ts", import.meta.url));
const BATCH_EVENTS = 5_000;
const PARTITIONS = 12;
const COMPRESSIONS = ["uncompressed", "gzip", "snappy", "lz4", "zstd"];

const events = Number(process.argv[2] ?? 1_000_000);
const signal = new AbortController().signal;
const kafka = await startKafka();
const brokers = [...kafka.brokers];
try {
  await createTopics();
  const sink = openSink();
  await sink.preflight(signal);
  await sink.open(signal);
  await sink.learn(COMPRESSIONS, false, signal);
  for (const topic of COMPRESSIONS) await publish(sink, topic);
  await sink.close();
  for (const topic of COMPRESSIONS) await read(topic, "since", "0");
  await read("uncompressed", "after", positionOf(events - 1_000));
} finally {
  await kafka.stop();
}

async function read(topic: string, way: string, from: string): Promise<void> {
  const args = [READER, brokers.join(","), topic, way, from];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  process.stdout.write(stdout);
}

async function createTopics(): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = COMPRESSIONS.map((topic) => ({
    topic,
    numPartitions: PARTITIONS,
    configEntries: [{ name: "compression.type", value: topic }],
  }));
  await createTopicsWithLeaders(admin, topics);
  await admin.disconnect();
}

async function publish(sink: KafkaSink, topic: string): Promise<void> {
  const inFlight: Promise<void>[] = [];
  for (let first = 1; first <= events; first += BATCH_EVENTS) {
    const count = Math.min(BATCH_EVENTS, events - first + 1);
    const records = Array.from({ length: count }, (_, i) => recordOf(topic, first + i));
    if (inFlight.length >= sink.inFlightMax) await inFlight.shift();
    inFlight.push(sink.publish({ records, checkpoint: Buffer.from(String(first)) }));
  }
  await Promise.all(inFlight);
}

function recordOf(topic: string, number: number): OutboundRecord {
  const header = (name: string, value: string) => ({
    name: Buffer.from(name),
    value: Buffer.from(value),
  });
  const id = `019f0000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`;
  return packRecord({
    topic,
    key: Buffer.from(`order-${number % 50_000}`),
    value: Buffer.from(`{"seq":${number},"cents":${(number * 7_919) % 10_007}}`),
    headers: [
      header("id", id),
      header("type", "OrderPlaced"),
      header("position", positionOf(number)),
    ],
    timestampMs: Date.now(),
  });
}

function positionOf(number: number): string {
  return formatPosition({ timeline: 1, commitLsn: BigInt(number) as Lsn, index: 1 });
}

function openSink(): KafkaSink {
  const options = {
    brokers,
    clientId: "bench",
    connectTimeoutMs: 10_000,
    requestBytesMax: 524_288,
    requestTimeoutMs: 30_000,
    slot: "bench",
    instanceId: "bench",
    checkpointTopic: "outbox-relay.checkpoint.bench",
    checkpointReplicationFactor: -1,
    delivery: "exactly-once",
    transactionalIdPrefix: "outbox-relay.bench",
    transactionalIdFormer: null,
    transactionalIds: 3,
    transactionTimeoutMs: 60_000,
    transactionProtocol: "auto",
    codec: null,
    topicAutoCreate: null,
    batchMsMax: 30_000,
    epochMaxAgeMs: 3_600_000,
    metadataMaxAgeMs: 300_000,
  } as const;
  return new KafkaSink(options, kafkajsPorts(options), systemClock, () => undefined);
}
