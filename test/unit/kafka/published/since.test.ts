import { beforeEach, describe, expect, it } from "@jest/globals";
import type { BrokerRequest } from "../../../../src/kafka/broker-channel.ts";
import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import { randomFrom } from "../../../support/random.ts";
import { until } from "../../../support/until.ts";
import { API, at, EventsWorld, event, events, ids, START_MS } from "./events-world.ts";
import type { LogWriter } from "./log-writer.ts";

let world: EventsWorld;

beforeEach(() => {
  world = new EventsWorld();
});

describe("the events of some topics since a time", () => {
  it("are those of every partition, no matter which broker leads it, with what their records say", async () => {
    const orders = world.topic("orders", 5);
    const bills = world.partition("bills");
    for (const [partition, writer] of orders.writers.entries())
      writer.plain([event(partition, { fillBytes: partition * 2_000 }), event(10 + partition)]);
    bills.writer.plain([event(20)]);
    world.topic("others").writers[0]?.plain([event(30)]);
    const seen = await world.since(["orders", "bills"], 0);
    expect(seen.ids.toSorted()).toEqual([...ids(0, 4), ...ids(10, 14), "e20"].toSorted());
    expect(seen.events).toContainEqual({
      topic: "orders",
      partition: 3,
      offset: 1n,
      id: "e13",
      position: at(13),
      timestampMs: START_MS + 13,
    });
    expect(seen.cutShort).toEqual([]);
  });

  it("are none where a topic does not exist, could not exist, or is empty", async () => {
    world.topic("empty", 3);
    const seen = await world.since(["missing", "no such name", "", "empty", "empty"], START_MS);
    expect(seen).toEqual({ ids: [], events: [], cutShort: [] });
    expect((await world.since([], 0)).ids).toEqual([]);
  });

  it("leave out records without an id, and tell which have a position", async () => {
    const { writer } = world.partition("orders");
    const timestampMs = START_MS;
    writer.plain([
      { timestampMs },
      { id: null, timestampMs },
      { id: "tombstone", value: null, position: at(1), timestampMs },
      { id: "bare", timestampMs },
      { id: "strange", position: "17", timestampMs },
      { id: "ä€😀", position: at(2), timestampMs, fillBytes: 300 },
    ]);
    const seen = await world.since(["orders"], 0);
    expect(seen.events.map(({ offset, id, position }) => [offset, id, position])).toEqual([
      [2n, "tombstone", at(1)],
      [3n, "bare", null],
      [4n, "strange", null],
      [5n, "ä€😀", at(2)],
    ]);
  });

  it("begin at the first that is late enough, and leave out earlier ones behind it", async () => {
    const { writer } = world.partition("orders");
    writer.plain(events(1, 50));
    writer.plain([event(80), event(40, { id: "late" }), event(60)]);
    writer.plain(events(81, 90, { fillBytes: 900 }));
    const seen = await world.since(["orders"], START_MS + 45);
    expect(seen.ids).toEqual([...ids(45, 50), "e80", "e60", ...ids(81, 90)]);
    expect((await world.since(["orders"], START_MS + 44.5)).ids).toEqual(seen.ids);
    expect((await world.since(["orders"], START_MS + 91)).ids).toEqual([]);
  });

  it("are all there is from time 0 on, also without a time", async () => {
    const { writer } = world.partition("orders");
    writer.plain([event(1, { timestampMs: -1 })]);
    writer.plain([event(2)]);
    expect((await world.since(["orders"], 0)).ids).toEqual(["e1", "e2"]);
    expect((await world.since(["orders"], 1)).ids).toEqual(["e2"]);
  });

  it.each<[string, (request: BrokerRequest) => Buffer]>([
    ["set by the brokers", () => timestampType("LogAppendTime", ERROR.none)],
    ["of a kind that we may not know", () => timestampType("", ERROR.topicAuthorizationFailed)],
  ])("are all there is where timestamps are %s", async (_, answer) => {
    const { writer } = world.partition("orders");
    writer.plain(events(1, 5));
    world.intercept = (request) =>
      request.apiKey === API.describeConfigs ? answer(request) : null;
    const seen = await world.since(["orders"], START_MS + 1_000_000);
    expect(seen).toMatchObject({ ids: ids(1, 5), cutShort: [] });
  });

  it("are read one request at a time", async () => {
    const { writers } = world.topic("orders", 4);
    for (const writer of writers) writer.plain(events(1, 9, { fillBytes: 900 }));
    expect((await world.since(["orders"], 0)).ids).toHaveLength(36);
    expect(world.requestsAtOnceMax).toBe(1);
  });
});

describe("events of transactions", () => {
  it("count only when committed, also where an aborted one stretches over many fetches", async () => {
    const { log, writer } = world.partition("orders");
    for (let i = 0; i < 20; i++) {
      writer.open([event(100 + i, { id: "aborted", fillBytes: 1_500 })], "a");
      writer.open([event(100 + i, { fillBytes: 1_500 })], "b");
      writer.plain([event(200 + i)]);
    }
    writer.end("b", true);
    writer.end("a", false);
    writer.open([event(300)], "a");
    writer.end("a", true);
    expect(log.aborted).toHaveLength(1);
    const seen = await world.since(["orders"], 0);
    expect(seen.ids.toSorted()).toEqual([...ids(100, 119), ...ids(200, 219), "e300"].toSorted());
    const late = await world.since(["orders"], START_MS + 110);
    expect(late.ids.toSorted()).toEqual([...ids(110, 119), ...ids(200, 219), "e300"].toSorted());
  });

  it("are exactly the committed ones, whatever happened before", async () => {
    for (let round = 0; round < 40; round++) {
      const seed = (Date.now() % 1_000_000) + round;
      const random = randomFrom(seed);
      const name = `topic-${round}`;
      const { writers } = world.topic(name, 2);
      const expected = writers.flatMap((writer, index) => history(writer, index, random));
      const sinceMs = random() < 0.3 ? 0 : START_MS + Math.floor(random() * 300);
      const wanted = expected.filter(({ timestampMs }) => timestampMs >= sinceMs);
      const seen = await world.since([name], sinceMs);
      expect({ seed, ids: seen.ids.toSorted() }).toEqual({
        seed,
        ids: wanted.map(({ id }) => id).toSorted(),
      });
    }
  });

  it("are waited for while they are undecided, and committed ones are counted then", async () => {
    const { writer } = world.partition("orders");
    writer.open([event(1)], "slow");
    writer.plain([event(2)]);
    world.undecidedMsMax = 20_000;
    let isAsked = false;
    world.intercept = () => {
      isAsked = true;
      return null;
    };
    const reading = world.since(["orders"], 0);
    await until(() => isAsked, 5_000, "the reading to begin");
    writer.end("slow", true);
    expect((await reading).ids).toEqual(["e1", "e2"]);
  });

  it("end the reading when somebody leaves one open for too long", async () => {
    const { writer } = world.partition("orders");
    writer.plain([event(1)]);
    writer.open([event(2)], "hanging");
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "TOPIC_UNDECIDED",
      remedy: "retry",
      message: expect.stringContaining("orders-0"),
    });
  });
});

function timestampType(value: string, error: number): Buffer {
  const writer = new ByteWriter().int32(0);
  writer.array(["orders"], (name) => {
    writer.int16(error).string(null).int8(2).string(name);
    writer.array(["message.timestamp.type"], (setting) => {
      writer.string(setting).string(value).boolean(false).int8(5).boolean(false);
      writer.array([], () => undefined);
    });
  });
  return writer.done();
}

/** Writes at random as several producers do, and returns what a reader of committed records must find. */
function history(
  writer: LogWriter,
  partition: number,
  random: () => number,
): { id: string; timestampMs: number }[] {
  const committed: { id: string; timestampMs: number }[] = [];
  const open = new Map<string, { id: string; timestampMs: number }[]>();
  const end = (producer: string): void => {
    const isCommit = random() < 0.5;
    writer.end(producer, isCommit, START_MS);
    if (isCommit) committed.push(...(open.get(producer) ?? []));
    open.delete(producer);
  };
  for (let step = 0; step < 60; step++) {
    const producer = `p${Math.floor(random() * 4)}`;
    if (open.has(producer) && random() < 0.4) {
      end(producer);
      continue;
    }
    const records = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, i) => ({
      id: `${partition}-${step}-${i}`,
      timestampMs: START_MS + step * 5 + Math.floor(random() * 20),
      fillBytes: Math.floor(random() * 1_500),
    }));
    if (random() < 0.3) {
      writer.plain(records, `plain-${producer}`);
      committed.push(...records);
    } else {
      writer.open(records, producer);
      open.set(producer, [...(open.get(producer) ?? []), ...records]);
    }
  }
  for (const producer of open.keys()) end(producer);
  return committed;
}
