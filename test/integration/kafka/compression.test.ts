import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Cluster } from "../../../src/kafka/cluster.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { PartitionReader } from "../../../src/kafka/partition-reader.ts";
import type { CodecName } from "../../../src/kafka/wire/compress/codec.ts";
import { loadCodec } from "../../../src/kafka/wire/compress/load-codec.ts";
import type { FetchedBatch } from "../../../src/kafka/wire/record-batch-reader.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import { OrderPayloads } from "../../support/order-payloads.ts";
import { randomFrom } from "../../support/random.ts";
import {
  createTopics,
  kafkaBrokers,
  kafkaClient,
  uniqueName,
  until,
} from "../../support/services.ts";
import { EventReading, numbered, publishEvents, sortedIds } from "./event-reading.ts";
import type { JavaRecord } from "./java-consumer.ts";
import { readWithJava } from "./java-consumer.ts";
import { GO_ON, Sinks } from "./sinks.ts";

const EVENTS = 3_000;
const PARTITIONS = 3;
const NOISE_BYTES = 300;

interface Case {
  readonly codec: CodecName;
  readonly delivery: KafkaSinkOptions["delivery"];
  readonly topic: string;
}

const CASES: readonly Case[] = (["gzip", "snappy", "lz4", "zstd"] as const).flatMap((codec) =>
  (["exactly-once", "at-least-once"] as const).map((delivery) => {
    return { codec, delivery, topic: uniqueName(`${codec}-${delivery}`) };
  }),
);

/** By the number of the event: varied text, and now and then noise, which lz4 and snappy store as it is. */
const VALUES = values();
const sinks: Sinks[] = [];
let reading: EventReading;
let read: readonly JavaRecord[];

function values(): string[] {
  const payloads = new OrderPayloads(1);
  const random = randomFrom(2);
  const noise = (): string =>
    String.fromCodePoint(
      ...Array.from({ length: NOISE_BYTES }, () => 32 + Math.floor(random() * 95)),
    );
  return Array.from({ length: EVENTS + 1 }, (_, i) => (i % 10 === 0 ? noise() : payloads.next()));
}

function valueOf(number: number): string {
  return VALUES[number] as string;
}

beforeAll(async () => {
  reading = new EventReading(kafkaBrokers());
  await createTopics(
    CASES.map(({ topic }) => topic),
    { partitions: PARTITIONS },
  );
  for (const { codec, delivery, topic } of CASES) {
    const own = new Sinks({ delivery, codec: loadCodec(codec) });
    sinks.push(own);
    const { sink } = await own.open();
    await publishEvents(sink, topic, [1, EVENTS], valueOf);
  }
  read = await readWithJava(CASES.map(({ topic }) => topic));
}, 180_000);

afterAll(async () => {
  reading.channel.close();
  for (const one of sinks) await one.close();
});

async function batchesOf(topic: string, partition: number): Promise<readonly FetchedBatch[]> {
  const cluster = new Cluster(reading.channel, systemClock, 5_000);
  const reader = new PartitionReader(cluster, systemClock, { topic, partition });
  const fetched = (await reader.fetch(0n, GO_ON))?.batches ?? [];
  return fetched.filter(({ isControl }) => !isControl);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hashesByKey(
  records: readonly Pick<JavaRecord, "key" | "valueHash">[],
): Map<string, readonly string[]> {
  const groups = Map.groupBy(records, ({ key }) => key);
  return new Map([...groups].map(([key, of]) => [key, of.map(({ valueHash }) => valueHash)]));
}

describe.each(CASES)("$codec, $delivery", ({ codec, topic }) => {
  it("is what lies in the broker's log, and smaller than the events", async () => {
    const batches = (
      await Promise.all(Array.from({ length: PARTITIONS }, (_, at) => batchesOf(topic, at)))
    ).flat();
    expect(new Set(batches.map((batch) => batch.codec))).toEqual(new Set([loadCodec(codec).id]));
    const stored = batches.reduce((sum, { body }) => sum + body.length, 0);
    expect(stored).toBeLessThan(VALUES.join("").length * 0.7);
  });

  it("is read by Kafka's own consumer: every event once, in order for each key", () => {
    const records = read.filter((one) => one.topic === topic);
    const sent = numbered(1, EVENTS).map((_, i) => ({
      key: `key-${(i + 1) % 97}`,
      valueHash: hash(valueOf(i + 1)),
    }));
    expect(records).toHaveLength(EVENTS);
    expect(new Set(records.map(({ headers }) => headers))).toEqual(new Set([3]));
    const [expected, found] = [hashesByKey(sent), hashesByKey(records)];
    for (const [key, ofKey] of expected) expect([key, found.get(key)]).toEqual([key, ofKey]);
    expect(found.size).toBe(expected.size);
  });

  it("is read back by the relay's repair", async () => {
    const back = await reading.since([topic], 0);
    expect(sortedIds(back)).toEqual(numbered(1, EVENTS));
    expect(back.cutShort).toEqual([]);
  });
});

it("gzip is read by kafkajs's consumer, which knows no other codec by itself", async () => {
  const { topic } = CASES[0] as Case;
  const consumer = kafkaClient().consumer({ groupId: uniqueName("group") });
  const found: string[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        found.push(message.value?.toString() ?? "");
        return Promise.resolve();
      },
    });
    await until(() => Promise.resolve(found.length >= EVENTS), 30_000, "kafkajs to read all");
  } finally {
    await consumer.disconnect();
  }
  expect(found.toSorted()).toEqual(VALUES.slice(1).toSorted());
}, 60_000);

it("the checkpoint stays plain, however large it is", async () => {
  const own = new Sinks({ codec: loadCodec("zstd") });
  sinks.push(own);
  const { sink } = await own.open();
  const large = JSON.stringify({ text: "x".repeat(20_000) });
  await sink.publish({ records: [], checkpoint: Buffer.from(large) });
  // A commit is answered before its markers are written; opening waits for them.
  const { checkpoint } = await own.open();
  expect(checkpoint).toBe(large);
  const batches = await batchesOf(`outbox-relay.checkpoint.${own.slot}`, 0);
  expect(batches.map((batch) => batch.codec)).toEqual(batches.map(() => 0));
  expect(batches.some(({ body }) => body.length > 20_000)).toBe(true);
});
