import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Cluster } from "../../../src/kafka/cluster.ts";
import { PartitionReader } from "../../../src/kafka/partition-reader.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import {
  createTopics,
  kafkaBrokers,
  kafkaClient,
  uniqueName,
  until,
  withAdmin,
} from "../../support/services.ts";
import {
  EventReading,
  ids,
  numbered,
  positionOf,
  publishEvents,
  sortedIds,
} from "./event-reading.ts";
import { GO_ON, RECORD_MS, Sinks } from "./sinks.ts";

const EVENTS = 3_000;

let sinks: Sinks;
let reading: EventReading;
let topic: string;

beforeEach(() => {
  sinks = new Sinks();
  reading = new EventReading(kafkaBrokers());
  topic = uniqueName("events");
});

afterEach(async () => {
  reading.channel.close();
  await sinks.close();
});

async function publish(from: number, to: number, value?: (number: number) => string) {
  const { sink } = await sinks.open();
  await publishEvents(sink, topic, [from, to], value);
}

describe("published events", () => {
  it("are read back with id, position, time and place from every partition", async () => {
    await createTopics([topic], { partitions: 5 });
    await publish(1, EVENTS);
    const read = await reading.since([topic, `${topic}-missing`], 0);
    expect(sortedIds(read)).toEqual(numbered(1, EVENTS));
    expect(read.cutShort).toEqual([]);
    const last = new Map<number, bigint>();
    for (const { topic: of, partition, offset, id, position, timestampMs } of read.events) {
      const number = Number(id.slice(1));
      expect([of, position, timestampMs]).toEqual([topic, positionOf(number), RECORD_MS + number]);
      expect(offset).toBeGreaterThan(last.get(partition) ?? -1n);
      last.set(partition, offset);
    }
    expect(last.size).toBe(5);
  });

  it("are read from a time on", async () => {
    await createTopics([topic], { partitions: 3 });
    await publish(1, EVENTS);
    const read = await reading.since([topic], RECORD_MS + 2_500);
    expect(sortedIds(read)).toEqual(numbered(2_500, EVENTS));
    expect((await reading.since([topic], RECORD_MS + EVENTS + 1)).events).toEqual([]);
  });

  it("are all of them in a topic whose times are the broker's: its clock is compared with no other", async () => {
    await createTopics([topic], { config: { "message.timestamp.type": "LogAppendTime" } });
    const beforeMs = Date.now();
    await publish(1, 10);
    const read = await reading.since([topic], beforeMs);
    expect(ids(read)).toEqual(numbered(1, 10));
    for (const { timestampMs } of read.events) expect(timestampMs).toBeGreaterThanOrEqual(beforeMs);
    const later = await reading.since([topic], Date.now() + 3_600_000);
    expect(ids(later)).toEqual(numbered(1, 10));
  });

  it("are found among records of others, of which aborted ones do not count", async () => {
    await createTopics([topic]);
    await publish(1, 5);
    const other = kafkaClient().producer({ transactionalId: uniqueName("other") });
    await other.connect();
    for (const isCommit of [false, true]) {
      const transaction = await other.transaction();
      const headers = { id: isCommit ? "theirs" : "aborted" };
      const messages = [{ value: "v", headers }, { value: null }, { key: "k", value: "bare" }];
      await transaction.send({ topic, messages });
      await (isCommit ? transaction.commit() : transaction.abort());
    }
    await other.disconnect();
    await publish(6, 8);
    const read = await reading.since([topic], 0);
    expect(ids(read)).toEqual([...numbered(1, 5), "theirs", ...numbered(6, 8)]);
    expect(read.events[5]?.position).toBeNull();
  });

  it("that retention removed are reported", async () => {
    await createTopics([topic]);
    await publish(1, 100);
    await withAdmin(async (admin) => {
      await admin.fetchTopicOffsets(topic); // Without it kafkajs does not know who leads.
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "40" }] });
    });
    const read = await reading.since([topic], RECORD_MS);
    expect(ids(read)).toEqual(numbered(41, 100));
    expect(read.cutShort).toEqual([`${topic}-0`]);
    expect((await reading.since([topic], RECORD_MS + 50)).cutShort).toEqual([]);
    expect((await reading.after(new RegExp(`^${topic}$`), positionOf(20))).cutShort).toEqual([
      `${topic}-0`,
    ]);
  });

  it("that compaction left in a topic are read, over the holes between them", async () => {
    const config = {
      "cleanup.policy": "compact",
      "segment.ms": "200",
      "min.cleanable.dirty.ratio": "0.01",
      "delete.retention.ms": "0",
    };
    await createTopics([topic], { config });
    await publish(1, EVENTS);
    const { sink } = await sinks.open();
    let next = EVENTS;
    const isCompacted = async (): Promise<boolean> => {
      // A segment that is not written to any more is only rolled by the next record.
      await publishEvents(sink, topic, [++next, next]);
      return (await reading.since([topic], 0)).events.length < EVENTS;
    };
    await until(isCompacted, 120_000, "the log cleaner");
    const read = await reading.since([topic], 0);
    expect(ids(read)).toEqual(
      expect.arrayContaining(numbered(Math.max(EVENTS, next - 50) + 1, next)),
    );
    expect(read.cutShort).toEqual([]);
  }, 180_000);

  it("after a position are found from the end backwards, in the topics that match", async () => {
    await createTopics([topic, `${topic}-other`], { partitions: 3 });
    await publish(1, EVENTS);
    const pattern = new RegExp(`^${topic}$`);
    const read = await reading.after(pattern, positionOf(EVENTS - 7));
    expect(sortedIds(read)).toEqual(numbered(EVENTS - 6, EVENTS));
    expect(sortedIds(await reading.after(pattern, positionOf(0)))).toEqual(numbered(1, EVENTS));
    expect((await reading.after(pattern, positionOf(EVENTS))).events).toEqual([]);
  });
});

describe("a topic that its brokers compress", () => {
  it.each([
    ["uncompressed", 0],
    ["gzip", 1],
    ["snappy", 2],
    ["lz4", 3],
    ["zstd", 4],
  ])("with %s is read back as it was published", async (compression, codec) => {
    await createTopics([topic], { config: { "compression.type": compression } });
    // Half noise, half text: blocks that are stored and blocks that shrink, in batches of several hundred KiB.
    await publish(1, EVENTS, (number) =>
      number % 2 === 0 ? "text ".repeat(60) : randomBytes(200).toString("hex"),
    );
    const cluster = new Cluster(reading.channel, systemClock, 5_000);
    const partition = new PartitionReader(cluster, systemClock, { topic, partition: 0 });
    const batches = (await partition.fetch(0n, GO_ON))?.batches ?? [];
    const data = batches.filter(({ isControl }) => !isControl);
    expect(data.length).toBeGreaterThan(0);
    expect(data.map((one) => one.codec)).toEqual(data.map(() => codec));
    const read = await reading.since([topic], 0);
    expect(ids(read)).toEqual(numbered(1, EVENTS));
    expect(ids(await reading.since([topic], RECORD_MS + 1_700))).toEqual(numbered(1_700, EVENTS));
  });
});
