import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import type { ModelRow } from "../../support/model/model-postgres.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let sink: ModelSink;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  sink = new ModelSink(cluster, clock);
});

async function start(options: Partial<RelayOptions> = {}): Promise<ModelRelay> {
  const relay = new ModelRelay(postgres, sink, clock, options);
  await clock.advance(50);
  return relay;
}

function rows(count: number, more: Partial<ModelRow> = {}): ModelRow[] {
  const first = postgres.transactions.reduce(
    (sum, transaction) => sum + transaction.rows.length,
    1,
  );
  return Array.from({ length: count }, (_, i) => ({ id: String(first + i), key: "k", ...more }));
}

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

function positions(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[2]?.value as Uint8Array));
}

describe("a relay in front of well-behaved servers", () => {
  it("writes that it makes a slot, and a first checkpoint before there is any event", async () => {
    await start();
    const [begun, first, ...more] = cluster.checkpoints.map(decodeCheckpoint);
    expect([begun?.pending, first?.pending, more]).toEqual(["slot", null, []]);
    expect(first?.endLsn).toBe(postgres.confirmed);
    expect(cluster.records).toHaveLength(0);
  });

  it("stamps rows with timeline, commit position and their number in the transaction", async () => {
    await start();
    postgres.commit(rows(2));
    await clock.advance(50);
    expect(positions()).toEqual([
      "00000001/00000000000003F8/00000001",
      "00000001/00000000000003F8/00000002",
    ]);
  });

  it("splits a transaction that is larger than a batch, and says in the checkpoint how far it came", async () => {
    await start({ batchEventsMax: 4 });
    postgres.commit(rows(10));
    await clock.advance(50);
    const inside = cluster.checkpoints.slice(2, 4).map(decodeCheckpoint);
    expect(inside.map(({ index, endLsn }) => [index, endLsn])).toEqual([
      [4, null],
      [8, null],
    ]);
    expect(publishedIds()).toHaveLength(10);
  });

  it("confirms an idle server's position within the checkpoint interval, after a checkpoint that covers it", async () => {
    await start();
    postgres.otherWal(1000);
    postgres.keepalive(false);
    await clock.advance(9_000);
    expect(postgres.confirmed).not.toBe(postgres.walEnd);
    await clock.advance(2_000);
    expect(postgres.confirmed).toBe(postgres.walEnd);
    expect(decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array).keepaliveLsn).toBe(
      postgres.walEnd,
    );
  });

  it("confirms at once when an idle server asks, as it does when it shuts down", async () => {
    await start();
    postgres.otherWal(1000);
    postgres.keepalive(true);
    await clock.advance(110);
    expect(postgres.confirmed).toBe(postgres.walEnd);
  });

  it("does not confirm a keepalive while a row before it is on its way", async () => {
    await start();
    sink.fate = () => ({ apply: true, answer: true, delayMs: 1_000 });
    postgres.commit(rows(1));
    postgres.keepalive(true);
    await clock.advance(500);
    expect(postgres.confirmed).toBe(1000n);
    await clock.advance(1_000);
    expect(postgres.confirmed).toBe(postgres.walEnd);
  });

  it("stops reading above its memory bound and goes on below it", async () => {
    const relay = await start({ bufferBytesMax: 2_000, batchEventsMax: 2 });
    sink.fate = () => ({ apply: true, answer: true, delayMs: 10_000 });
    postgres.commit(rows(200));
    await clock.advance(100);
    const held = relay.relay.session?.backlog.bytes ?? 0;
    sink.fate = () => ({ apply: true, answer: true, delayMs: 1 });
    await clock.advance(60_000);
    expect(held).toBeGreaterThan(2_000);
    expect(publishedIds()).toHaveLength(200);
  });

  it("drains on stop: what was read is published and confirmed, then the slot is free", async () => {
    const relay = await start({ lingerMs: 1_000 });
    postgres.commit(rows(3));
    await clock.advance(1);
    relay.stop();
    await clock.advance(1_000);
    await relay.ended;
    expect(publishedIds()).toEqual(["1", "2", "3"]);
    expect(postgres.confirmed).toBe(postgres.walEnd);
    expect(postgres.isStreaming).toBe(false);
    expect(relay.relay.state.name).toBe("draining");
  });

  it("ends within the shutdown time-out when Kafka does not answer, and confirms nothing", async () => {
    const relay = await start();
    cluster.isDown = true;
    postgres.commit(rows(1));
    relay.stop();
    await clock.advance(23_000);
    await relay.ended;
    expect(postgres.confirmed).toBe(1000n);
  });
});

describe("a row that cannot be published", () => {
  it("halts the relay with the row's id after everything before it, and nothing past it is confirmed", async () => {
    const relay = await start();
    postgres.commit(rows(2));
    const end = postgres.walEnd;
    postgres.commit([{ id: "bad", key: null }]);
    postgres.commit([{ id: "after", key: "k" }]);
    await clock.advance(20_000);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code]).toEqual(["failed", "ROW_NULL"]);
    expect(reason?.message).toContain("id bad");
    expect(publishedIds()).toEqual(["1", "2"]);
    expect(postgres.confirmed).toBe(end);
    expect(relay.states.filter((state) => state.name === "failed")).toHaveLength(1);
  });

  it("waits at a row whose topic is missing, and goes on by itself once the topic is there", async () => {
    const relay = await start();
    cluster.missingTopics.add("outbox.event.new");
    postgres.commit(rows(1));
    postgres.commit([{ id: "x", key: "k", route: "new" }]);
    postgres.commit([{ id: "y", key: "k" }]);
    await clock.advance(3_000);
    expect([relay.relay.state.name, relay.relay.state.reason?.code]).toEqual([
      "failed",
      "TOPIC_MISSING",
    ]);
    expect(publishedIds()).toEqual(["1"]);
    cluster.missingTopics.clear();
    await clock.advance(6_000);
    expect(publishedIds()).toEqual(["1", "x", "y"]);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
  });
});

describe("servers that go away", () => {
  it("lets the slot go when nothing could be published for the release time, and comes back by itself", async () => {
    const relay = await start({ sinkStallReleaseMs: 3_000 });
    cluster.isDown = true;
    postgres.commit(rows(1));
    await clock.advance(4_000);
    expect(postgres.isStreaming).toBe(false);
    expect([relay.relay.state.name, relay.relay.state.reason?.code]).toEqual([
      "stalled",
      "KAFKA_UNREACHABLE",
    ]);
    cluster.isDown = false;
    await clock.advance(10_000);
    expect(publishedIds()).toEqual(["1"]);
    expect(relay.relay.state.name).toBe("streaming");
  });

  it("lets a server that shuts down go after the grace period when Kafka is away", async () => {
    await start();
    cluster.isDown = true;
    postgres.commit(rows(1));
    await clock.advance(100);
    postgres.shutDown();
    await clock.advance(4_000);
    expect(postgres.isStreaming).toBe(true);
    await clock.advance(1_500);
    expect(postgres.isStreaming).toBe(false);
  });

  it("publishes a batch once when its commit's answer was lost", async () => {
    await start();
    const fates = [{ apply: true, answer: false, delayMs: 1 }];
    sink.fate = () => fates.pop() ?? { apply: true, answer: true, delayMs: 1 };
    postgres.commit(rows(3));
    await clock.advance(1_000);
    expect(publishedIds()).toEqual(["1", "2", "3"]);
    expect(sink.opens).toBe(3);
  });

  it("publishes a batch again when its commit was lost", async () => {
    await start();
    const fates = [{ apply: false, answer: false, delayMs: 1 }];
    sink.fate = () => fates.pop() ?? { apply: true, answer: true, delayMs: 1 };
    postgres.commit(rows(3));
    await clock.advance(1_000);
    expect(publishedIds()).toEqual(["1", "2", "3"]);
  });
});

describe("continuity", () => {
  it("refuses a slot that stands past the checkpoint, and confirms nothing", async () => {
    const first = await start();
    postgres.commit(rows(1));
    await clock.advance(1_000);
    first.stop();
    await clock.advance(1_000);
    postgres.otherWal(5_000);
    postgres.confirmed = postgres.walEnd;
    const confirmations = postgres.confirmations.length;
    const relay = await start();
    await clock.advance(20_000);
    expect([relay.relay.state.name, relay.relay.state.reason?.code]).toEqual([
      "failed",
      "GAP_SLOT_ADVANCED",
    ]);
    expect(postgres.confirmations).toHaveLength(confirmations);
  });

  it("goes on from a predecessor's checkpoint that lies past what the server announced, and confirms it only then", async () => {
    const first = await start();
    postgres.commit(rows(3));
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    postgres.confirmations = [];
    postgres.writtenSinceTold = 8n;
    const told = postgres.walEnd - postgres.writtenSinceTold;
    const relay = await start();
    await clock.advance(1_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(postgres.confirmations.filter((confirmed) => confirmed > told)).toEqual([]);
    postgres.keepalive(true);
    await clock.advance(1_000);
    expect([postgres.confirmed, publishedIds().join("")]).toEqual([postgres.walEnd, "123"]);
  });

  it("never makes a new slot where a checkpoint tells of an old one", async () => {
    const first = await start();
    first.stop();
    await clock.advance(1_000);
    postgres.hasSlot = false;
    const relay = await start();
    expect(relay.relay.state.reason?.code).toBe("GAP_SLOT_MISSING");
    expect(postgres.hasSlot).toBe(false);
  });

  it("halts at a checkpoint of a newer version instead of writing over it", async () => {
    cluster.checkpoints.push(new TextEncoder().encode('{"v":2}'));
    const relay = await start();
    postgres.commit(rows(1));
    await clock.advance(1_000);
    expect(relay.relay.state.reason?.code).toBe("CHECKPOINT_NEWER");
    expect(cluster.checkpoints).toHaveLength(1);
  });
});

describe("two relays on one slot", () => {
  it("lets the second wait, and take over where the first stopped", async () => {
    const first = await start();
    const second = new ModelRelay(postgres, new ModelSink(cluster, clock), clock);
    await clock.advance(100);
    expect(second.relay.state.name).toBe("standby");
    postgres.commit(rows(2));
    await clock.advance(100);
    first.stop();
    await clock.advance(3_000);
    postgres.commit(rows(1));
    await clock.advance(100);
    expect(second.relay.state.name).toBe("streaming");
    expect(publishedIds()).toEqual(["1", "2", "3"]);
  });
});
