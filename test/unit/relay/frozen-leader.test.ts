import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

/** Above `wal_sender_timeout` of the model. */
const FROZEN_MS = 20_000;
const LINGER_MS = 1_000;

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let sink: ModelSink;
let relay: ModelRelay;

/** A leader that has read a row and is about to publish it. */
beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  sink = new ModelSink(cluster, clock);
  relay = new ModelRelay(postgres, sink, clock, { lingerMs: LINGER_MS, bufferBytesMax: 3_000 });
  await clock.advance(50);
  postgres.commit([{ id: "1", key: "k" }]);
  await clock.advance(LINGER_MS / 2);
});

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

describe("a leader that was frozen with a row in its hands", () => {
  it("publishes nothing when it wakes up and another has the slot: it drops the row and stands by", async () => {
    clock.freeze(FROZEN_MS);
    postgres.abandon();
    await postgres.open(SILENT_HANDLERS);
    await clock.advance(100);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code, publishedIds()]).toEqual(["standby", "SELF_FENCED", []]);
    await clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({ name: "standby", reason: null });
  });

  it("publishes nothing either when it cannot find out, and begins anew", async () => {
    clock.freeze(FROZEN_MS);
    const ask = postgres.slot.bind(postgres);
    const details = { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
    postgres.slot = () => Promise.reject(new RelayError("away", details));
    await clock.advance(50);
    expect([relay.relay.state.reason?.code, publishedIds()]).toEqual(["SELF_FENCED", []]);
    postgres.slot = ask;
    await clock.advance(10_000);
    expect(publishedIds()).toEqual(["1"]);
  });

  it("goes on as if nothing were when the slot is still its own", async () => {
    clock.freeze(FROZEN_MS);
    await clock.advance(LINGER_MS);
    expect([publishedIds(), postgres.opens]).toEqual([["1"], 1]);
  });

  it("asks nobody after a short freeze", async () => {
    let looks = 0;
    const ask = postgres.slot.bind(postgres);
    postgres.slot = () => {
      looks += 1;
      return ask();
    };
    clock.freeze(4_000);
    await clock.advance(LINGER_MS);
    expect([publishedIds(), looks]).toEqual([["1"], 0]);
  });
});

describe("a leader that hears nothing because it reads nothing", () => {
  it("keeps the slot for as long as Kafka takes", async () => {
    sink.fate = () => ({ apply: true, answer: true, delayMs: 9_000 });
    const ids = Array.from({ length: 40 }, (_, i) => String(i + 2));
    postgres.commit(ids.map((id) => ({ id, key: "k" })));
    await clock.advance(200_000);
    expect([publishedIds(), postgres.opens]).toEqual([["1", ...ids], 1]);
  });
});
