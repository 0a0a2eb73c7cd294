import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import type { ModelSink } from "../../support/model/model-kafka.ts";
import type { ModelRelay } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { ModelWorld, row } from "../../support/model/model-world.ts";

/** Above `wal_sender_timeout` of the model. */
const FROZEN_MS = 20_000;
const LINGER_MS = 1_000;

let world: ModelWorld;
let sink: ModelSink;
let relay: ModelRelay;

/** A leader that has read a row and is about to publish it. */
beforeEach(async () => {
  world = new ModelWorld();
  sink = world.sink();
  relay = world.start({ lingerMs: LINGER_MS, bufferBytesMax: 3_000 }, { sink });
  await world.clock.advance(50);
  world.postgres.commit([row("1")]);
  await world.clock.advance(LINGER_MS / 2);
});

describe("a leader that was frozen with a row in its hands", () => {
  it("publishes nothing when it wakes up and another has the slot: it drops the row and stands by", async () => {
    world.clock.freeze(FROZEN_MS);
    world.postgres.abandon();
    await world.postgres.open(SILENT_HANDLERS);
    await world.clock.advance(100);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code, world.ids()]).toEqual(["standby", "SELF_FENCED", []]);
    await world.clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({ name: "standby", reason: null });
  });

  it("publishes nothing either when it cannot find out, and begins again", async () => {
    world.clock.freeze(FROZEN_MS);
    const ask = world.postgres.slot.bind(world.postgres);
    const details = { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
    world.postgres.slot = () => Promise.reject(new RelayError("away", details));
    await world.clock.advance(50);
    expect([relay.relay.state.reason?.code, world.ids()]).toEqual(["SELF_FENCED", []]);
    world.postgres.slot = ask;
    await world.clock.advance(10_000);
    expect(world.ids()).toEqual(["1"]);
  });

  it("goes on as if nothing were when the slot is still its own", async () => {
    world.clock.freeze(FROZEN_MS);
    await world.clock.advance(LINGER_MS);
    expect([world.ids(), world.postgres.opens]).toEqual([["1"], 1]);
  });

  it("asks nobody after a short freeze", async () => {
    let looks = 0;
    const ask = world.postgres.slot.bind(world.postgres);
    world.postgres.slot = () => {
      looks += 1;
      return ask();
    };
    world.clock.freeze(4_000);
    await world.clock.advance(LINGER_MS);
    expect([world.ids(), looks]).toEqual([["1"], 0]);
  });
});

describe("a leader that hears nothing because it reads nothing", () => {
  it("keeps the slot for as long as Kafka takes", async () => {
    sink.fate = () => ({ apply: true, answer: true, delayMs: 9_000 });
    const ids = Array.from({ length: 40 }, (_, i) => String(i + 2));
    world.postgres.commit(ids.map((id) => ({ id, key: "k" })));
    await world.clock.advance(200_000);
    expect([world.ids(), world.postgres.opens]).toEqual([["1", ...ids], 1]);
  });
});
