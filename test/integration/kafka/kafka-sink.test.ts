import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import { partitionOf } from "../../../src/kafka/partitioner.ts";
import { packRecord } from "../../../src/relay/record/pack-record.ts";
import { unpackRecord } from "../../../src/relay/record/record-view.ts";
import { readCommitted } from "../../support/relay/topic-reader.ts";
import { createTopics, kafkaBrokers, uniqueName } from "../../support/services.ts";
import {
  batch,
  GO_ON,
  publishAsRelay,
  RECORD_MS,
  record,
  rejection,
  Sinks,
  text,
} from "./sinks.ts";

const PARTITIONS = 4;

let sinks: Sinks;
let topic: string;

afterEach(() => sinks.close());

async function values(): Promise<(string | undefined)[]> {
  const records = await readCommitted(kafkaBrokers(), [topic]);
  return records.map(({ value }) => value?.toString());
}

/** Publishes `count` batches of three records, as many at a time as the sink takes. */
async function publishNumbered(sink: KafkaSink, count: number): Promise<void> {
  const inFlight: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    if (inFlight.length === sink.inFlightMax) await inFlight.shift();
    const records = [0, 1, 2].map((n) => record(topic, `key-${(i + n) % 7}`, String(i * 3 + n)));
    inFlight.push(sink.publish(batch(records, `batch ${i}`)));
  }
  await Promise.all(inFlight);
}

describe.each(["v1", "v2"] as const)("publishing in protocol %s", (transactionProtocol) => {
  beforeEach(async () => {
    sinks = new Sinks({ transactionProtocol });
    topic = uniqueName("events");
    await createTopics([topic], { partitions: PARTITIONS });
  });

  it("stores key, value, headers and time as they are, in the partition of the Java client", async () => {
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    const headers = [
      { name: Buffer.from("id"), value: Buffer.from("1") },
      { name: Buffer.from("position"), value: Buffer.from("00000001/ä€😀") },
    ];
    const parts = unpackRecord(record(topic, "schlüssel-😀", "wert-€"));
    const first = packRecord({ ...parts, headers });
    const tombstone = { ...record(topic, "schlüssel-😀", null), timestampMs: RECORD_MS - 9_877 };
    await sink.publish(batch([first, tombstone], "one"));
    const read = await readCommitted(kafkaBrokers(), [topic]);
    expect(read).toMatchObject([
      {
        key: "schlüssel-😀",
        value: Buffer.from("wert-€"),
        headers: { id: "1", position: "00000001/ä€😀" },
        timestamp: String(RECORD_MS),
      },
      { key: "schlüssel-😀", value: null, timestamp: String(RECORD_MS - 9_877) },
    ]);
    const partition = partitionOf(Buffer.from("schlüssel-😀"), PARTITIONS);
    expect(read.map((one) => one.partition)).toEqual([partition, partition]);
  });

  it("keeps the order in every partition over 500 small overlapping batches, and loses none", async () => {
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    await publishNumbered(sink, 500);
    const read = await readCommitted(kafkaBrokers(), [topic]);
    const last = new Map<number, number>();
    for (const { partition, value } of read) {
      const number = Number(value);
      expect(number).toBeGreaterThan(last.get(partition) ?? -1);
      last.set(partition, number);
    }
    expect(read).toHaveLength(1_500);
    expect(text(await sink.peek(GO_ON))).toBe("batch 499");
  }, 60_000);

  it("lets an older relay publish nothing once a newer one is open", async () => {
    const { sink: old } = await sinks.open({ instanceId: "old" });
    await old.learn([topic], false, GO_ON);
    await old.publish(batch([record(topic, "k", "from the old")], "old 1"));
    const { sink: successor, checkpoint } = await sinks.open({ instanceId: "new" });
    expect(checkpoint).toBe("old 1");
    const error = await rejection(old.publish(batch([record(topic, "k", "too late")], "old 2")));
    expect(error).toMatchObject({ code: "FENCED", remedy: "standby" });
    await successor.learn([topic], false, GO_ON);
    await successor.publish(batch([record(topic, "k", "from the new")], "new 1"));
    expect(await values()).toEqual(["from the old", "from the new"]);
    expect((await sinks.open()).checkpoint).toBe("new 1");
  });

  it("opens again after a newcomer that fenced it and died before it said who it is", async () => {
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    const newcomer = sinks.make({
      instanceId: "newcomer",
      moment: (name) => {
        if (name === "fenced") throw new Error("died here");
      },
    });
    await rejection(newcomer.open(GO_ON));
    const lost = batch([record(topic, "k", "sent again")], "1");
    expect(await rejection(sink.publish(lost))).toMatchObject({ code: "FENCED", remedy: "reopen" });
    await publishAsRelay(sink, lost);
    expect(await values()).toEqual(["sent again"]);
  });

  it("halts when a relay of another slot takes its transactional ids again and again", async () => {
    const { sink } = await sinks.open();
    const stranger = sinks.make({ slot: uniqueName("slot") });
    const codes: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      await sink.open(GO_ON);
      await stranger.open(GO_ON);
      codes.push(await rejection(sink.publish(batch([], `${round}`))));
    }
    expect(codes).toMatchObject([
      { code: "FENCED", remedy: "reopen" },
      { code: "FENCED", remedy: "reopen" },
      { code: "TRANSACTIONAL_ID_SHARED", remedy: "halt" },
    ]);
  });

  it("tells an older relay that it was overtaken at every batch, also at one that comes while it finds out", async () => {
    const { sink: old } = await sinks.open({ instanceId: "old" });
    await old.learn([topic], false, GO_ON);
    await sinks.open({ instanceId: "new" });
    const publish = (): Promise<unknown> =>
      rejection(old.publish(batch([record(topic, "k", "too late")], "old")));
    const state = { isOver: false };
    const errors = [publish().finally(() => (state.isOver = true))];
    while (!state.isOver) {
      errors.push(publish());
      await new Promise(setImmediate);
    }
    for (const error of await Promise.all(errors)) {
      expect(error).toMatchObject({ code: "FENCED", remedy: "standby" });
    }
    expect(await values()).toEqual([]);
  });

  it("aborts what a predecessor left open, and goes on from the checkpoint before it", async () => {
    let isDying = false;
    const { sink: dying } = await sinks.open({
      moment: (name) => {
        if (isDying && name === "produce-acked") throw new Error("died here");
      },
    });
    await dying.learn([topic], false, GO_ON);
    await dying.publish(batch([record(topic, "k", "whole")], "whole"));
    isDying = true;
    await rejection(dying.publish(batch([record(topic, "k", "half")], "half")));
    const { sink, checkpoint } = await sinks.open();
    expect(checkpoint).toBe("whole");
    await sink.learn([topic], false, GO_ON);
    await sink.publish(batch([record(topic, "k", "again")], "again"));
    expect(await values()).toEqual(["whole", "again"]);
  });

  it("takes five megabytes for one partition through a topic that takes one at a time", async () => {
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    const large = Array.from({ length: 50 }, (_, i) =>
      record(topic, "k", `${i}:${"x".repeat(100_000)}`),
    );
    await sink.publish(batch(large, "large"));
    const read = await values();
    expect(read.map((value) => Number(value?.split(":")[0]))).toEqual([...large.keys()]);
    expect(text(await sink.peek(GO_ON))).toBe("large");
  }, 60_000);

  it("finds the checkpoint among thousands of records, and when it never wrote one there is none", async () => {
    const first = await sinks.open();
    expect(first.checkpoint).toBeNull();
    for (let i = 0; i < 200; i++) await first.sink.publish(batch([], `idle ${i}`));
    expect((await sinks.open()).checkpoint).toBe("idle 199");
    expect((await sinks.open({ transactionalIds: 1 })).checkpoint).toBe("idle 199");
  });

  it("fences the ids of a predecessor that had more of them", async () => {
    const { sink: old } = await sinks.open({ transactionalIds: 5, instanceId: "old" });
    await old.learn([topic], false, GO_ON);
    await sinks.open({ transactionalIds: 1, instanceId: "new" });
    // The barrier took the first id: the next ones in turn are those that the newcomer does not use itself.
    const late = [1, 2, 3, 4].map((n) =>
      rejection(old.publish(batch([record(topic, "k", `${n}`)], "x"))),
    );
    expect(await Promise.all(late)).toMatchObject(Array(4).fill({ remedy: "standby" }));
    expect(await values()).toEqual([]);
  });
});

describe("at-least-once delivery", () => {
  beforeEach(async () => {
    sinks = new Sinks({ delivery: "at-least-once" });
    topic = uniqueName("events");
    await createTopics([topic], { partitions: PARTITIONS });
  });

  it("publishes overlapping batches in the order of each partition, and goes on from its checkpoint", async () => {
    const { sink } = await sinks.open();
    await sink.learn([topic], false, GO_ON);
    await publishNumbered(sink, 100);
    const read = await readCommitted(kafkaBrokers(), [topic]);
    const numbers = (partition: number): number[] =>
      read.filter((one) => one.partition === partition).map(({ value }) => Number(value));
    const all = Array.from({ length: PARTITIONS }, (_, partition) => numbers(partition));
    for (const ofPartition of all) {
      expect(ofPartition).toEqual(ofPartition.toSorted((a, b) => a - b));
    }
    expect(all.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect((await sinks.open()).checkpoint).toBe("batch 99");
  });

  it("fences a predecessor that published in transactions", async () => {
    const { sink: old } = await sinks.open({ delivery: "exactly-once", instanceId: "old" });
    await old.learn([topic], false, GO_ON);
    await sinks.open({ instanceId: "new" });
    const error = await rejection(old.publish(batch([record(topic, "k", "too late")], "old")));
    expect(error).toMatchObject({ code: "FENCED", remedy: "standby" });
    expect(await values()).toEqual([]);
  });

  it("lets a predecessor that wakes up store no checkpoint behind its successor's", async () => {
    const { sink: old } = await sinks.open({ instanceId: "old" });
    const { sink: successor } = await sinks.open({ instanceId: "new" });
    await successor.publish(batch([], "newer"));
    const error = await rejection(old.publish(batch([], "older, and late")));
    expect(error).toMatchObject({ code: "FENCED", remedy: "standby" });
    expect((await sinks.open()).checkpoint).toBe("newer");
  });

  it("fences a predecessor that published without transactions, whatever the successor does", async () => {
    const { sink: old } = await sinks.open({ instanceId: "old" });
    await old.publish(batch([], "old"));
    const { sink, checkpoint } = await sinks.open({ delivery: "exactly-once" });
    expect(checkpoint).toBe("old");
    await rejection(old.publish(batch([], "late")));
    await sink.publish(batch([], "new"));
    expect((await sinks.open()).checkpoint).toBe("new");
  });
});
