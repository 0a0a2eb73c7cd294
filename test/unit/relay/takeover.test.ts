import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { ModelWorld } from "../../support/model/model-world.ts";

const POLL_MS = 1_000;

let world: ModelWorld;

beforeEach(() => {
  world = new ModelWorld();
});

async function start(options: Partial<RelayOptions> = {}): Promise<ModelRelay> {
  const relay = world.start({ standbyPollIntervalMs: POLL_MS, ...options });
  await world.clock.advance(50);
  return relay;
}

function givenUp(): RelayError {
  const details = { code: "ABORTED", remedy: "retry", hint: "wait" } as const;
  return new RelayError("the question was given up", details);
}

describe("a leader that is told to stop", () => {
  it("says so once the slot is free, and the standby takes over without waiting for its next look", async () => {
    const first = await start();
    const second = await start({ standbyPollIntervalMs: 60_000 });
    let wasFree = false;
    world.postgres.onSlotFree(() => {
      wasFree = !world.postgres.isStreaming;
    });
    world.postgres.commit([{ id: "1", key: "k" }]);
    await world.clock.advance(50);
    first.stop();
    await world.clock.advance(50);
    world.postgres.commit([{ id: "2", key: "k" }]);
    await world.clock.advance(50);
    expect([wasFree, second.relay.state.name]).toEqual([true, "streaming"]);
    expect(world.ids()).toEqual(["1", "2"]);
  });

  it("is followed after one look at the latest when the word is lost", async () => {
    const first = await start();
    const second = await start();
    world.postgres.isDeaf = true;
    first.stop();
    await world.clock.advance(100);
    expect(second.relay.state.name).toBe("standby");
    await world.clock.advance(POLL_MS * 1.2);
    expect(second.relay.state.name).toBe("streaming");
  });

  it("ends all the same when the word cannot be said", async () => {
    const first = await start();
    world.postgres.announceSlotFree = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(givenUp())));
    first.stop();
    let hasEnded = false;
    void first.ended.then(() => {
      hasEnded = true;
    });
    await world.clock.advance(500);
    expect(hasEnded).toBe(false);
    await world.clock.advance(1_000);
    expect(hasEnded).toBe(true);
  });
});

describe("a relay that does not hold the slot", () => {
  it("keeps the connection over which it hears, when it finds the slot taken", async () => {
    await start();
    const second = await start();
    expect([second.relay.state.name, world.postgres.reconnects]).toEqual(["standby", 0]);
  });

  it("says nothing when it stops", async () => {
    await start();
    const second = await start();
    second.stop();
    await world.clock.advance(100);
    await second.ended;
    expect(world.postgres.announcements).toBe(0);
  });

  it("looks again when it hears that the slot is free and somebody was faster", async () => {
    await start();
    const second = await start({ standbyPollIntervalMs: 60_000 });
    await world.postgres.announceSlotFree();
    await world.clock.advance(100);
    expect(second.relay.state.name).toBe("standby");
    world.postgres.abandon();
    await world.postgres.announceSlotFree();
    await world.clock.advance(100);
    expect(second.relay.state.name).toBe("streaming");
  });
});
