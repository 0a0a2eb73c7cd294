import { beforeEach, describe, expect, it } from "@jest/globals";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let leader: ModelRelay;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  leader = await start();
});

async function start(): Promise<ModelRelay> {
  const sink = new ModelSink(cluster, clock);
  const relay = new ModelRelay(postgres, sink, clock, { sinkStallReleaseMs: 3_000 });
  await clock.advance(50);
  return relay;
}

describe("a leader tells how it came and went:", () => {
  it("released, when it was told to stop", async () => {
    leader.stop();
    await clock.advance(100);
    expect(leader.transitions).toEqual(["acquired", "released"]);
  });

  it("released, when it met a row that halts it", async () => {
    postgres.undecodableId = "bad";
    postgres.commit([{ id: "bad", key: "k" }]);
    await clock.advance(50);
    expect(leader.transitions).toEqual(["acquired", "released"]);
  });

  it("lost, when the link broke", async () => {
    postgres.cut();
    await clock.advance(1_000);
    expect(leader.transitions).toEqual(["acquired", "lost", "acquired"]);
  });

  it("fenced, when another one took over at Kafka", async () => {
    cluster.epoch += 1;
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(50);
    expect(leader.transitions).toEqual(["acquired", "fenced"]);
  });

  it("fenced, when it could not show that the slot was its own", async () => {
    postgres.commit([{ id: "1", key: "k" }]);
    clock.freeze(20_000);
    postgres.abandon();
    await postgres.open(SILENT_HANDLERS);
    await clock.advance(50);
    expect(leader.transitions).toEqual(["acquired", "fenced"]);
  });

  it("sink_stall, when nothing could be published", async () => {
    cluster.isDown = true;
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(4_000);
    expect(leader.transitions).toEqual(["acquired", "sink_stall"]);
    expect(postgres.announcements).toBe(1);
  });

  it("released, when Postgres was shutting down", async () => {
    const patient = { sinkStallReleaseMs: 60_000 };
    leader.stop();
    await clock.advance(1_000);
    const relay = new ModelRelay(postgres, new ModelSink(cluster, clock), clock, patient);
    await clock.advance(50);
    cluster.isDown = true;
    postgres.commit([{ id: "1", key: "k" }]);
    postgres.shutDown();
    await clock.advance(6_000);
    expect(relay.transitions).toEqual(["acquired", "released"]);
  });
});

describe("the time that a take-over took", () => {
  it("counts from seeing the slot free until reading on, for those who stood by", async () => {
    const sink = new ModelSink(cluster, clock);
    const open = sink.open.bind(sink);
    sink.open = async () => {
      await new Promise<void>((resolve) => clock.after(70, resolve));
      return open();
    };
    const standby = new ModelRelay(postgres, sink, clock);
    await clock.advance(50);
    leader.stop();
    await clock.advance(1_000);
    expect([leader.takeoversMs, standby.takeoversMs]).toEqual([[], [70]]);
  });

  it("counts an outage of Kafka that held it up", async () => {
    const standby = await start();
    cluster.isDown = true;
    leader.stop();
    await clock.advance(20_000);
    cluster.isDown = false;
    await clock.advance(10_000);
    expect(standby.takeoversMs).toHaveLength(1);
    expect(standby.takeoversMs[0]).toBeGreaterThan(19_000);
  });
});
