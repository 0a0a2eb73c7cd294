import { beforeEach, describe, expect, it } from "@jest/globals";
import type { PipelineSight } from "../../../../src/ops/http/watchdog.ts";
import { pipelineSight, Watchdog } from "../../../../src/ops/http/watchdog.ts";
import type { RelayView } from "../../../../src/ops/relay-view.ts";

const MINUTE = 60_000;

let nowMs: number;
let sight: PipelineSight;
let watchdog: Watchdog;

beforeEach(() => {
  nowMs = 0;
  sight = { hasWork: true, progress: "a" };
  watchdog = new Watchdog(MINUTE, () => sight, nowMs);
  watchdog.turn(nowMs);
});

function turnFor(durationMs: number): void {
  const untilMs = nowMs + durationMs;
  while (nowMs < untilMs) {
    nowMs += 5_000;
    watchdog.turn(nowMs);
  }
}

function problems(): string[] {
  return watchdog.checks(nowMs).flatMap(({ name, problem }) => (problem === null ? [] : [name]));
}

describe("the watchdog", () => {
  it("lets a relay live that has nothing to do", () => {
    sight = { hasWork: false, progress: "a" };
    turnFor(60 * MINUTE);
    expect(problems()).toEqual([]);
  });

  it("gives up a pipeline that stands still for five minutes with work in front of it", () => {
    turnFor(5 * MINUTE - 5_000);
    expect(problems()).toEqual([]);
    turnFor(5_000);
    expect(problems()).toEqual(["pipeline"]);
  });

  it("takes every step, and every pause for a fault, for a new beginning", () => {
    turnFor(4 * MINUTE);
    sight = { hasWork: true, progress: "b" };
    turnFor(4 * MINUTE);
    sight = { hasWork: false, progress: "" };
    turnFor(5_000);
    sight = { hasWork: true, progress: "b" };
    turnFor(4 * MINUTE);
    expect(problems()).toEqual([]);
  });

  it("does not take a process that was frozen for one that is stuck", () => {
    turnFor(MINUTE);
    nowMs += 60 * MINUTE;
    watchdog.turn(nowMs);
    expect(problems()).toEqual([]);
  });

  it("gives up an event loop that turns no more", () => {
    nowMs += MINUTE;
    expect(problems()).toEqual([]);
    nowMs += 1;
    expect(problems()).toEqual(["loop"]);
  });
});

describe("the sight of a pipeline", () => {
  const POSITIONS = { server_end: 50n, received: 50n, delivered: 40n, confirmed: 40n };

  function view(parts: Record<string, unknown>, relay: Record<string, unknown> = {}): RelayView {
    const settled = { commitLsn: 40n, index: 2, keepaliveLsn: 0n };
    const session = { backlog: { hasRecords: true, settled } };
    return {
      relay: { state: { name: "streaming", reason: null }, session, ...relay },
      slots: { isReachable: true },
      kafka: { reachable: true },
      positions: POSITIONS,
      tally: { bytes: 7, keepalives: 3 },
      ...parts,
    } as unknown as RelayView;
  }

  it("has work while records wait, and moves when a batch is settled", () => {
    expect(pipelineSight(view({}))).toEqual({ hasWork: true, progress: "settled 40 2 0" });
  });

  const IDLE = { hasRecords: false, settled: { commitLsn: 40n, index: 2, keepaliveLsn: 0n } };
  const AHEAD = { positions: { ...POSITIONS, server_end: 90n } };

  it("has work while the server's WAL is ahead, and moves when Postgres is heard of, keepalives included", () => {
    const idle = { session: { backlog: IDLE, hearsKeepalives: true } };
    expect(pipelineSight(view({}, idle)).hasWork).toBe(false);
    expect(pipelineSight(view(AHEAD, idle))).toEqual({ hasWork: true, progress: "received 7 3" });
  });

  it("expects nothing of a Postgres that is silent while it decodes", () => {
    const silent = { session: { backlog: IDLE, hearsKeepalives: false } };
    expect(pipelineSight(view(AHEAD, silent)).hasWork).toBe(false);
  });

  it.each([
    ["Postgres is away", { slots: { isReachable: false } }, {}],
    ["nobody has asked Postgres yet", { slots: { isReachable: null } }, {}],
    ["Kafka is away", { kafka: { reachable: false } }, {}],
    ["another relay has the slot", { positions: null }, { session: null }],
    ["the relay has failed", {}, { state: { name: "failed", reason: { code: "ROW_NULL" } } }],
    ["a reason is known", {}, { state: { name: "streaming", reason: { code: "KAFKA_ERROR" } } }],
  ])("has no work while %s", (_, parts, relay) => {
    expect(pipelineSight(view(parts, relay)).hasWork).toBe(false);
  });
});
