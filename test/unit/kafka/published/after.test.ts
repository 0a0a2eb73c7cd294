import { beforeEach, describe, expect, it } from "@jest/globals";
import {
  API,
  at,
  EventsWorld,
  event,
  events,
  fetchedOffset,
  ids,
  START_MS,
} from "./events-world.ts";

const ANY = /^events/;

let world: EventsWorld;

beforeEach(() => {
  world = new EventsWorld();
});

describe("the events after a position", () => {
  it("are those after it and not the one at it, in every partition of the topics that match", async () => {
    const { writers } = world.topic("events-a", 3);
    for (const [partition, writer] of writers.entries())
      writer.plain(Array.from({ length: 30 }, (_, i) => event(3 * i + partition)));
    world.partition("events-b").writer.plain(events(100, 105));
    world.partition("other").writer.plain(events(200, 205));
    const seen = await world.after(ANY, at(80));
    expect(seen.ids.toSorted()).toEqual([...ids(81, 89), ...ids(100, 105)].toSorted());
    expect(seen.cutShort).toEqual([]);
  });

  it("are those of a later timeline too, wherever their LSNs are", async () => {
    const { writer } = world.partition("events");
    writer.plain(events(1, 50));
    writer.plain([event(30, { id: "promoted", position: at(30, 2) })]);
    expect((await world.after(ANY, at(49))).ids).toEqual(["e50", "promoted"]);
    expect((await world.after(ANY, at(29, 2))).ids).toEqual(["promoted"]);
    expect((await world.after(ANY, at(30, 2))).ids).toEqual([]);
  });

  it("are looked for from the end backwards, and not to the beginning of a long log", async () => {
    const { log, writer } = world.partition("events");
    for (let i = 0; i < 500; i++) writer.plain(events(i * 100, i * 100 + 99));
    let lowest = Number.POSITIVE_INFINITY;
    world.intercept = (request) => {
      if (request.apiKey === API.fetch) lowest = Math.min(lowest, fetchedOffset(request));
      return null;
    };
    expect((await world.after(ANY, at(49_999))).ids).toEqual([]);
    expect(lowest).toBe(Number(log.end) - 1_024);
    expect((await world.after(ANY, at(49_990))).ids).toEqual(ids(49_991, 49_999));
    expect(lowest).toBe(Number(log.end) - 1_024 - 8_192);
    expect((await world.after(ANY, at(20_000))).ids.toSorted()).toEqual(
      ids(20_001, 49_999).toSorted(),
    );
  });

  it("leave out records without a position, and look behind them", async () => {
    const { writer } = world.partition("events");
    writer.plain(events(1, 20));
    for (let i = 0; i < 40; i++) {
      const timestampMs = START_MS;
      writer.plain(Array.from({ length: 100 }, () => ({ id: "foreign", timestampMs })));
      writer.plain([{ id: "strange", position: "zzzz", timestampMs }, { timestampMs }]);
    }
    expect((await world.after(ANY, at(15))).ids).toEqual(ids(16, 20));
  });

  it("count only when committed", async () => {
    const { writer } = world.partition("events");
    writer.plain(events(1, 5));
    writer.open(events(6, 7), "aborted");
    writer.open(events(8, 9), "committed");
    writer.end("aborted", false);
    writer.end("committed", true);
    expect((await world.after(ANY, at(4))).ids).toEqual(["e5", "e8", "e9"]);
  });

  it("are found by any kind of pattern, for every topic again", async () => {
    for (const name of ["events-a", "events-b", "events-c"])
      world.partition(name).writer.plain([event(1)]);
    expect((await world.after(/events/g, at(0))).ids).toHaveLength(3);
    expect((await world.after(/events-[bc]/y, at(0))).ids).toHaveLength(2);
    expect((await world.after(/nothing/, at(0))).ids).toEqual([]);
  });
});

describe("in a topic that several relays write to", () => {
  it("an earlier-looking record of another relay does not hide ours before it", async () => {
    const { writer } = world.partition("events");
    writer.plain(events(1_000, 1_400));
    writer.plain(events(1, 300, { id: "other" }));
    expect((await world.after(ANY, at(1_395))).ids).toEqual(ids(1_396, 1_400));
  });

  it("later-looking events of another relay are handed out too", async () => {
    const { writer } = world.partition("events");
    writer.plain([event(10), event(900, { id: "other" }), event(11)]);
    expect((await world.after(ANY, at(10))).ids).toEqual(["other", "e11"]);
  });
});

describe("a log that does not reach back to the position", () => {
  it("is named when its beginning was removed", async () => {
    const { logs, writers } = world.topic("events", 3);
    for (const writer of writers) for (const one of events(1, 50)) writer.plain([one]);
    logs[0]?.trim(10n);
    logs[1]?.trim(30n);
    const seen = await world.after(ANY, at(20));
    expect(seen.cutShort).toEqual(["events-1"]);
    expect(seen.ids).toEqual([...ids(21, 50), ...ids(31, 50), ...ids(21, 50)]);
  });

  it("is complete when nothing was removed, or an earlier event is still there", async () => {
    const { log, writer } = world.partition("events");
    for (const one of events(21, 50)) writer.plain([one]);
    expect((await world.after(ANY, at(20))).cutShort).toEqual([]);
    log.trim(5n);
    expect((await world.after(ANY, at(20))).cutShort).toEqual(["events-0"]);
    expect((await world.after(ANY, at(26))).cutShort).toEqual([]);
  });

  it("is named when its beginning is removed while it is read", async () => {
    const { log, writer } = world.partition("events");
    for (let i = 0; i < 60; i++) writer.plain(events(i * 100, i * 100 + 99));
    world.intercept = (request) => {
      if (request.apiKey === API.fetch && fetchedOffset(request) < 4_000) log.trim(4_000n);
      return null;
    };
    const seen = await world.after(ANY, at(100));
    expect(seen.ids.toSorted()).toEqual(ids(4_000, 5_999).toSorted());
    expect(seen.cutShort).toEqual(["events-0"]);
  });
});
