import { beforeEach, describe, expect, it } from "@jest/globals";
import { History } from "../../../src/ops/history.ts";
import type { RelayView } from "../../../src/ops/relay-view.ts";

let lag: { seconds: number; bytes: number } | null;
let view: { publishedEvents: number };
let history: History;

beforeEach(() => {
  lag = { seconds: 1, bytes: 100 };
  const parts = { publishedEvents: 0, lag: () => lag, slot: { facts: { retainedBytes: 5 } } };
  view = parts;
  history = new History(parts as unknown as RelayView);
});

describe("the history of a relay", () => {
  it("has rates between two looks, and none for the first", () => {
    history.take(10_000);
    view.publishedEvents = 500;
    history.take(20_000);
    expect(history.samples).toEqual([
      { atMs: 10_000, lagSeconds: 1, lagBytes: 100, eventsPerSecond: null, retainedBytes: 5 },
      { atMs: 20_000, lagSeconds: 1, lagBytes: 100, eventsPerSecond: 50, retainedBytes: 5 },
    ]);
  });

  it("knows no lag and no rate of a relay that stands by", () => {
    history.take(0);
    lag = null;
    history.take(10_000);
    expect(history.samples.at(-1)).toMatchObject({ lagSeconds: null, eventsPerSecond: null });
  });

  it("gives no rate over a clock that was set back", () => {
    history.take(10_000);
    history.take(9_000);
    expect(history.samples.at(-1)?.eventsPerSecond).toBeNull();
  });

  it("forgets what is older than an hour", () => {
    for (let at = 0; at < 1_000; at++) history.take(at * 10_000);
    expect(history.samples).toHaveLength(361);
    expect(history.samples[0]?.atMs).toBe(6_390_000);
  });
});
