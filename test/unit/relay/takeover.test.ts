import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const POLL_MS = 1_000;

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
});

async function start(options: Partial<RelayOptions> = {}): Promise<ModelRelay> {
  const sink = new ModelSink(cluster, clock);
  const relay = new ModelRelay(postgres, sink, clock, {
    standbyPollIntervalMs: POLL_MS,
    ...options,
  });
  await clock.advance(50);
  return relay;
}

function givenUp(): RelayError {
  const details = { code: "ABORTED", remedy: "retry", hint: "wait" } as const;
  return new RelayError("the question was given up", details);
}

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

describe("a leader that is told to stop", () => {
  it("says so once the slot is free, and the standby takes over without waiting for its next look", async () => {
    const first = await start();
    const second = await start({ standbyPollIntervalMs: 60_000 });
    let wasFree = false;
    postgres.onSlotFree(() => {
      wasFree = !postgres.isStreaming;
    });
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(50);
    first.stop();
    await clock.advance(50);
    postgres.commit([{ id: "2", key: "k" }]);
    await clock.advance(50);
    expect([wasFree, second.relay.state.name]).toEqual([true, "streaming"]);
    expect(publishedIds()).toEqual(["1", "2"]);
  });

  it("is followed after one look at the latest when the word is lost", async () => {
    const first = await start();
    const second = await start();
    postgres.isDeaf = true;
    first.stop();
    await clock.advance(100);
    expect(second.relay.state.name).toBe("standby");
    await clock.advance(POLL_MS * 1.2);
    expect(second.relay.state.name).toBe("streaming");
  });

  it("ends all the same when the word cannot be said", async () => {
    const first = await start();
    postgres.announceSlotFree = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(givenUp())));
    first.stop();
    let hasEnded = false;
    void first.ended.then(() => {
      hasEnded = true;
    });
    await clock.advance(500);
    expect(hasEnded).toBe(false);
    await clock.advance(1_000);
    expect(hasEnded).toBe(true);
  });
});

describe("a relay that does not hold the slot", () => {
  it("keeps the connection over which it hears, when it finds the slot taken", async () => {
    await start();
    const second = await start();
    expect([second.relay.state.name, postgres.reconnects]).toEqual(["standby", 0]);
  });

  it("says nothing when it stops", async () => {
    await start();
    const second = await start();
    second.stop();
    await clock.advance(100);
    await second.ended;
    expect(postgres.announcements).toBe(0);
  });

  it("looks again when it hears that the slot is free and somebody was faster", async () => {
    await start();
    const second = await start({ standbyPollIntervalMs: 60_000 });
    await postgres.announceSlotFree();
    await clock.advance(100);
    expect(second.relay.state.name).toBe("standby");
    postgres.abandon();
    await postgres.announceSlotFree();
    await clock.advance(100);
    expect(second.relay.state.name).toBe("streaming");
  });
});
