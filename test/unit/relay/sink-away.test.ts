import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const RELEASE_MS = 3_000;
/** Two probes of a standby, and a look at the slot. */
const NOTICED_MS = 12_000;

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;

interface Seat {
  readonly relay: ModelRelay;
  readonly sink: ModelSink;
}

let leader: Seat;
let standby: Seat;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  leader = await seat();
  standby = await seat();
});

async function seat(): Promise<Seat> {
  const sink = new ModelSink(cluster, clock);
  const relay = new ModelRelay(postgres, sink, clock, { sinkStallReleaseMs: RELEASE_MS });
  await clock.advance(50);
  return { relay, sink };
}

function states(): string[] {
  return [leader, standby].map(({ relay }) => {
    const { name, reason } = relay.relay.state;
    return reason === null ? name : `${name} ${reason.code}`;
  });
}

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

describe("a standby that cannot reach Kafka", () => {
  beforeEach(() => {
    standby.sink.isCutOff = true;
  });

  it("says so while it waits, and no more once it can", async () => {
    await clock.advance(NOTICED_MS);
    expect(states()).toEqual(["streaming", "standby KAFKA_UNREACHABLE"]);
    standby.sink.isCutOff = false;
    await clock.advance(NOTICED_MS);
    expect(states()).toEqual(["streaming", "standby"]);
  });

  it("does not take a slot that is free, and takes it once it can publish", async () => {
    const { opens } = postgres;
    leader.relay.stop();
    await clock.advance(30_000);
    expect([postgres.isStreaming, postgres.opens]).toEqual([false, opens]);
    standby.sink.isCutOff = false;
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(10_000);
    expect(publishedIds()).toEqual(["1"]);
  });
});

describe("a leader that cannot reach Kafka", () => {
  it("lets the slot go after the release time to a standby that can, and does not take it back", async () => {
    leader.sink.isCutOff = true;
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(RELEASE_MS + 2_000);
    expect(publishedIds()).toEqual(["1"]);
    await clock.advance(60_000);
    expect(standby.relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(leader.relay.relay.session).toBeNull();
    leader.sink.isCutOff = false;
    await clock.advance(20_000);
    expect(states()).toEqual(["standby", "streaming"]);
    postgres.commit([{ id: "2", key: "k" }]);
    await clock.advance(100);
    expect(publishedIds()).toEqual(["1", "2"]);
  });
});

describe("a slot that is let go", () => {
  it.each([
    ["what ended the attempts", null, "KAFKA_UNREACHABLE: Kafka is away"],
    [
      "what brokers answer to an attempt that goes on",
      "NOT_ENOUGH_REPLICAS",
      "NOT_ENOUGH_REPLICAS",
    ],
  ])("is reported with the last cause: %s", async (_what, lastFault, cause) => {
    leader.sink.lastFault = lastFault;
    leader.sink.isCutOff = lastFault === null;
    if (lastFault !== null)
      leader.sink.fate = () => ({ apply: true, answer: true, delayMs: RELEASE_MS + 500 });
    postgres.commit([{ id: "1", key: "k" }]);
    const reasons = new Set<string>();
    for (let ms = 0; ms < RELEASE_MS + 1_000; ms += 10) {
      await clock.advance(10);
      const { reason } = leader.relay.relay.state;
      if (reason?.code === "SINK_STALLED") reasons.add(reason.message);
    }
    expect([...reasons]).toEqual([expect.stringContaining(`the last error was ${cause}`)]);
  });
});

describe("two relays while Kafka is away for both", () => {
  it("leave the slot alone once it is released: nobody takes it until Kafka answers", async () => {
    cluster.isDown = true;
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(RELEASE_MS + 1_000);
    const { opens } = postgres;
    await clock.advance(600_000);
    expect([postgres.isStreaming, postgres.opens]).toEqual([false, opens]);
    cluster.isDown = false;
    await clock.advance(10_000);
    expect(publishedIds()).toEqual(["1"]);
    expect(states().toSorted()).toEqual(["standby", "streaming"]);
  });
});

describe("a probe that hangs", () => {
  it("keeps nobody from taking a slot that became free", async () => {
    let answer: () => void = () => undefined;
    standby.sink.probe = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await clock.advance(NOTICED_MS);
    leader.relay.stop();
    await clock.advance(100);
    expect(states()[1]).toBe("streaming");
    answer();
    await clock.advance(100);
    expect(states()[1]).toBe("streaming");
  });
});
