import { beforeEach, describe, expect, it } from "@jest/globals";
import { StreamTally } from "../../../src/relay/capture/stream-tally.ts";
import type { PublishedBatch } from "../../../src/relay/observer.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let tally: StreamTally;
let heldBack: boolean[];
let transactions: number[];
let batches: PublishedBatch[];
let unpublished: number;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  tally = new StreamTally();
  heldBack = [];
  transactions = [];
  batches = [];
  unpublished = 0;
});

async function streaming(options: Partial<RelayOptions> = {}): Promise<ModelRelay> {
  const told = {
    tally,
    heldBack: (isHeldBack: boolean) => void heldBack.push(isHeldBack),
    transaction: (rows: number) => void transactions.push(rows),
    published: (batch: PublishedBatch) => void batches.push(batch),
    unpublished: () => {
      unpublished += 1;
    },
  };
  const sink = new ModelSink(cluster, clock);
  const relay = new ModelRelay(postgres, sink, clock, options, () => undefined, told);
  await clock.advance(50);
  return relay;
}

const rows = (count: number): { id: string; key: string }[] =>
  Array.from({ length: count }, (_, at) => ({ id: `row-${at}`, key: "k" }));

describe("what the core tells", () => {
  it("counts messages, bytes, and rows by table, those from the stream and those from before the slot apart", async () => {
    postgres.tableRows = rows(3);
    await streaming({ snapshot: "initial" });
    postgres.commit(rows(2));
    await clock.advance(1_000);
    expect(tally.rows("public.outbox")).toEqual({ wal: 2, backfill: 3 });
    expect([tally.messages("insert"), tally.messages("begin")]).toEqual([5, 2]);
    expect(tally.bytes).toBeGreaterThan(100);
    expect(transactions).toEqual([3, 2]);
  });

  it("tells of each durable batch what is in it and how long it took", async () => {
    await streaming();
    postgres.commit(rows(2));
    await clock.advance(1_000);
    const [batch, ...others] = batches.filter(({ events }) => events > 0);
    expect(others).toEqual([]);
    expect(batch).toMatchObject({ events: 2, parts: [{ topic: "outbox.event.order", events: 2 }] });
    expect(batch?.bytes).toBe(batch?.parts.reduce((sum, { bytes }) => sum + bytes, 0));
    // Nothing else came, so that the first record lingered.
    expect(batch?.queuedMs).toBeGreaterThanOrEqual(5);
    expect(batch?.durableAtMs).toBeLessThanOrEqual(clock.wallMs());
    expect(unpublished).toBe(0);
  });

  it("tells when reading is held back, when it goes on, and that a stream which is gone holds nothing", async () => {
    const relay = await streaming({ bufferBytesMax: 2_000 });
    heldBack = [];
    cluster.isDown = true;
    postgres.commit(rows(20));
    await clock.advance(200);
    expect(heldBack).toEqual([true]);
    expect(unpublished).toBeGreaterThan(0);
    cluster.isDown = false;
    await clock.advance(30_000);
    expect(heldBack.slice(0, 2)).toEqual([true, false]);
    expect(cluster.records).toHaveLength(20);
    cluster.isDown = true;
    postgres.commit(rows(20));
    await clock.advance(200);
    expect(heldBack.at(-1)).toBe(true);
    relay.stop();
    await clock.advance(60_000);
    expect(heldBack.at(-1)).toBe(false);
  });
});
