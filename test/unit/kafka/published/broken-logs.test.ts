import { beforeEach, describe, expect, it } from "@jest/globals";
import { ERROR } from "../../../../src/kafka/error-code.ts";
import { ByteWriter } from "../../../../src/kafka/wire/byte-writer.ts";
import { RelayError } from "../../../../src/relay/errors.ts";
import { throttledAnswer } from "../../../support/brokers/hostile/throttled.ts";
import { API, EventsWorld, events, fetchedOffset, ids, START_MS } from "./events-world.ts";

let world: EventsWorld;

beforeEach(() => {
  world = new EventsWorld();
});

describe("what retention removed", () => {
  it("is told where nothing earlier is left", async () => {
    const { logs, writers } = world.topic("orders", 3);
    for (const writer of writers) for (const one of events(1, 20)) writer.plain([one]);
    logs[1]?.trim(10n);
    logs[2]?.trim(20n);
    expect((await world.since(["orders"], 0)).cutShort).toEqual(["orders-1", "orders-2"]);
    expect((await world.since(["orders"], START_MS + 11)).cutShort).toEqual([
      "orders-1",
      "orders-2",
    ]);
    const seen = await world.since(["orders"], START_MS + 12);
    expect(seen.cutShort).toEqual(["orders-2"]);
    expect(seen.ids).toEqual([...ids(12, 20), ...ids(12, 20)]);
  });

  it("is told when it happens while the log is read, and the rest is read", async () => {
    const { log, writer } = world.partition("orders");
    for (const one of events(1, 20, { fillBytes: 1_500 })) writer.plain([one]);
    world.intercept = (request) => {
      if (request.apiKey === API.fetch && fetchedOffset(request) === 4) log.trim(15n);
      return null;
    };
    const seen = await world.since(["orders"], START_MS + 1);
    expect(seen.ids).toEqual([...ids(1, 4), ...ids(16, 20)]);
    expect(seen.cutShort).toEqual(["orders-0"]);
  });

  it("is no error when it is all of it", async () => {
    const { log, writer } = world.partition("orders");
    for (const one of events(1, 20, { fillBytes: 1_500 })) writer.plain([one]);
    world.intercept = (request) => {
      if (request.apiKey === API.fetch) log.trim(20n);
      return null;
    };
    expect(await world.since(["orders"], 0)).toMatchObject({ ids: [], cutShort: ["orders-0"] });
  });

  it("is an error when the log got shorter at its end instead", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    world.intercept = ({ apiKey }) => (apiKey === API.fetch ? emptyFetch(1, -1n) : null);
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "KAFKA_ERROR",
      remedy: "retry",
    });
  });
});

describe("what compaction removed", () => {
  it("leaves holes that are passed over, also at the end", async () => {
    const { log, writer } = world.partition("orders");
    for (const one of events(1, 40, { fillBytes: 900 })) writer.plain([one]);
    log.entries.splice(30);
    log.entries.splice(5, 12);
    const seen = await world.since(["orders"], 0);
    expect(seen.ids).toEqual([...ids(1, 5), ...ids(18, 30)]);
    expect(seen.cutShort).toEqual([]);
    log.entries.splice(0);
    expect((await world.since(["orders"], 0)).ids).toEqual([]);
  });
});

describe("a leader", () => {
  it("that hands over while its log is read is asked for no event twice", async () => {
    const { log, writer } = world.partition("orders");
    for (const one of events(1, 20, { fillBytes: 1_500 })) writer.plain([one]);
    let next = 1;
    world.intercept = ({ apiKey }) => {
      if (apiKey === API.fetch && next <= 3) world.cluster.moveLeader(log, next++);
      return null;
    };
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 20));
  });

  it("that dies while its log is read is replaced", async () => {
    const { writer } = world.partition("orders");
    for (const one of events(1, 20, { fillBytes: 1_500 })) writer.plain([one]);
    world.intercept = (request, broker) => {
      if (request.apiKey === API.fetch && fetchedOffset(request) === 6) world.cluster.kill(1);
      return broker === 1 && !world.cluster.isUp(1) ? unreachable() : null;
    };
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 20));
  });

  it("that stays away ends the reading", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    world.intercept = ({ apiKey }) => (apiKey === API.fetch ? unreachable() : null);
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "KAFKA_UNREACHABLE",
      remedy: "retry",
    });
  });

  it("that is new and does not know yet how far its log is decided is waited for", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    let empty = 3;
    world.intercept = ({ apiKey }) =>
      apiKey === API.fetch && empty-- > 0 ? emptyFetch(ERROR.none, 1n) : null;
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 3));
  });

  it("that finds nothing in tiered storage is not taken for one that has nothing", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    let empty = 3;
    world.intercept = ({ apiKey }) => {
      if (apiKey === API.describeConfigs) return tieredStorage("orders");
      return apiKey === API.fetch && empty-- > 0 ? emptyFetch(ERROR.none, 3n) : null;
    };
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 3));
    empty = Number.POSITIVE_INFINITY;
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "KAFKA_NO_RECORDS",
      remedy: "retry",
    });
  });

  it("is asked nothing more once nobody wants the answer", async () => {
    const { writer } = world.partition("orders");
    for (const one of events(1, 20, { fillBytes: 1_500 })) writer.plain([one]);
    const stop = new AbortController();
    world.signal = stop.signal;
    let fetches = 0;
    world.intercept = ({ apiKey }) => {
      if (apiKey === API.fetch && ++fetches === 2) stop.abort();
      return null;
    };
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "KAFKA_CLOSED",
      remedy: "retry",
    });
    expect(fetches).toBe(2);
  });
});

/** An answer to a Fetch of orders-0 without records. */
function emptyFetch(error: number, lastStable: bigint): Buffer {
  const writer = new ByteWriter().int32(0).int16(ERROR.none).int32(0);
  writer.array(["orders"], (name) => {
    writer.string(name).array([0], (partition) => {
      writer.int32(partition).int16(error).int64(lastStable).int64(lastStable).int64(0n);
      writer
        .array([], () => undefined)
        .int32(-1)
        .int32(0);
    });
  });
  return writer.done();
}

function tieredStorage(topic: string): Buffer {
  const writer = new ByteWriter().int32(0);
  writer.array([topic], (name) => {
    writer.int16(ERROR.none).string(null).int8(2).string(name);
    writer.array(["remote.storage.enable"], (setting) => {
      writer.string(setting).string("true").boolean(false).int8(5).boolean(false);
      writer.array([], () => undefined);
    });
  });
  return writer.done();
}

function unreachable(): RelayError {
  const details = { code: "KAFKA_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
  return new RelayError("Kafka does not answer", details);
}

describe("a leader that gives nothing because a quota is used up", () => {
  function throttle(ms: number, times: number): void {
    let left = times;
    world.intercept = (request) => {
      if (request.apiKey !== API.fetch || left <= 0) return null;
      left -= 1;
      return throttledAnswer(request, Buffer.alloc(0), ms);
    };
  }

  it("is asked again once the pause is over, and nothing is left out", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    throttle(5, 1);
    expect((await world.since(["orders"], 0)).ids).toEqual(ids(1, 3));
  });

  it("is named where that does not end", async () => {
    world.partition("orders").writer.plain(events(1, 3));
    throttle(990_000, Number.POSITIVE_INFINITY);
    await expect(world.since(["orders"], 0)).rejects.toMatchObject({
      code: "KAFKA_THROTTLED",
      remedy: "retry",
    });
  });
});
