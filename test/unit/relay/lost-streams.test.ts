import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { GOOD_FATE, ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { SILENT_HANDLERS } from "../../support/model/model-stream.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let sink: ModelSink;
let relay: ModelRelay;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  sink = new ModelSink(cluster, clock);
  relay = new ModelRelay(postgres, sink, clock);
  await clock.advance(50);
});

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

describe("a row that Postgres cannot decode", () => {
  it("keeps the relay in state failed while it tries again, less and less often, until the row passes", async () => {
    postgres.undecodableId = "huge";
    postgres.commit([{ id: "1", key: "k" }]);
    postgres.commit([{ id: "huge", key: "k" }]);
    postgres.commit([{ id: "after", key: "k" }]);
    await clock.advance(1_000);
    expect(relay.relay.state.reason?.code).toBe("POSTGRES_DECODING");
    const [opens, states] = [postgres.opens, relay.states.length];
    await clock.advance(60_000);
    expect(postgres.opens - opens).toBeLessThan(30);
    expect(relay.states.slice(states).filter(({ name }) => name !== "failed")).toEqual([]);
    expect(publishedIds()).toEqual(["1"]);
    postgres.undecodableId = null;
    await clock.advance(6_000);
    expect(publishedIds()).toEqual(["1", "huge", "after"]);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
  });
});

describe("a stream that is cut", () => {
  it("leaves no control connection in use that may be half open", async () => {
    postgres.cut();
    await clock.advance(1_000);
    expect([postgres.reconnects, postgres.isStreaming]).toEqual([1, true]);
  });
});

describe("a relay whose questions lead to another server than its stream", () => {
  it("fences nobody and publishes nothing until both lead to one again", async () => {
    const { epoch } = cluster;
    postgres.askedServer = "2";
    postgres.cut();
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({
      name: "starting",
      reason: { code: "SERVER_MISMATCH", remedy: "retry" },
    });
    expect([cluster.epoch, publishedIds()]).toEqual([epoch, []]);
    postgres.askedServer = "1";
    await clock.advance(10_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(publishedIds()).toEqual(["1"]);
  });
});

describe("a relay whose stream ended without a word", () => {
  it("fences nobody when its sink fails: it asks for the slot first, finds another in its place, and stands by", async () => {
    const { epoch } = cluster;
    sink.fate = () => ({ apply: false, answer: false, delayMs: 200 });
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(50);
    postgres.abandon();
    await postgres.open(SILENT_HANDLERS);
    await clock.advance(1_000);
    expect(relay.relay.state.name).toBe("standby");
    expect(cluster.epoch).toBe(epoch);
    postgres.abandon();
    sink.fate = GOOD_FATE;
    await clock.advance(5_000);
    expect(publishedIds()).toEqual(["1"]);
  });
});
