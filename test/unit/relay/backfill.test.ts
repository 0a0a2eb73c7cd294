import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { MODEL_SERVER_MS } from "../../support/model/model-backfill-rows.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
});

function start(options: Partial<RelayOptions> = {}): ModelRelay {
  const sink = new ModelSink(cluster, clock);
  return new ModelRelay(postgres, sink, clock, { snapshot: "initial", ...options });
}

const ids = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
const positions = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[2]?.value as Uint8Array));
const checkpoint = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
const row = (id: string): { id: string; key: string } => ({ id, key: "k" });

describe("a first start with rows in the table", () => {
  beforeEach(() => {
    postgres.tableRows = ["a", "b", "c", "d", "e", "f", "g"].map(row);
  });

  it("publishes them before all that comes, at positions that rise", async () => {
    start();
    await clock.advance(20);
    postgres.commit([row("h")]);
    await clock.advance(2_000);
    expect(ids().join("")).toBe("abcdefgh");
    expect(positions()).toEqual(positions().toSorted());
    expect(new Set(positions()).size).toBe(8);
    expect(checkpoint()).toMatchObject({ pending: null, index: 1 });
    expect(postgres.confirmed).toBe(postgres.walEnd);
  });

  it("stamps them by the server's clock, whatever the relay's says", async () => {
    start();
    await clock.advance(2_000);
    const stamps = new Set(cluster.records.map(({ timestampMs }) => Number(timestampMs)));
    expect([...stamps]).toEqual([MODEL_SERVER_MS]);
    expect(clock.wallMs()).not.toBe(MODEL_SERVER_MS);
  });

  it("publishes none of them unless the settings say so", async () => {
    start({ snapshot: "never" });
    await clock.advance(2_000);
    expect(ids()).toEqual([]);
    expect(checkpoint().pending).toBeNull();
  });

  it("begins again after a crash in the middle, and leaves out what Kafka has", async () => {
    postgres.tableRows = Array.from({ length: 200 }, (_, i) => row(`row-${i}`));
    const first = start({ batchEventsMax: 2, bufferBytesMax: 300 });
    while (cluster.records.length < 20) await clock.advance(1);
    first.stop();
    await clock.advance(1_000);
    expect(checkpoint().pending).toBe("backfill");
    const published = ids();
    expect(published.length).toBeLessThan(100);
    postgres.commit([row("later")]);
    postgres.tableRows.push(row("later"));
    start();
    await clock.advance(5_000);
    expect(ids()).toEqual(postgres.tableRows.map(({ id }) => id));
    expect(positions()).toEqual(positions().toSorted());
  });

  it("confirms nothing before all of them are durable", async () => {
    const begun = postgres.walEnd;
    start({ batchEventsMax: 1 });
    while (pendingNow() !== null || cluster.records.length < 7) await clock.advance(1);
    expect(postgres.confirmations.filter((confirmed) => confirmed < begun)).toEqual([]);
  });

  function pendingNow(): string | null {
    return cluster.checkpoints.length === 0 ? "none" : checkpoint().pending;
  }

  it("keeps to the stream afterwards: a restart publishes nothing again", async () => {
    const first = start();
    await clock.advance(2_000);
    first.stop();
    await clock.advance(1_000);
    start();
    await clock.advance(2_000);
    expect(ids().join("")).toBe("abcdefg");
  });
});

describe("while the relay streams", () => {
  it("halts when publication or tables change, and stays so until somebody has looked", async () => {
    const relay = start();
    await clock.advance(100);
    postgres.publication = "another";
    await clock.advance(6_000);
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    const { confirmed } = postgres;
    postgres.commit([row("1")]);
    await clock.advance(60_000);
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect([postgres.confirmed, ids()]).toEqual([confirmed, []]);
    postgres.publication = "p";
    await clock.advance(20_000);
    expect([relay.relay.state.reason?.code, ids()]).toEqual(["PUBLICATION_CHANGED", []]);
  });

  it("puts a watermark into the checkpoint once all that it shows is published", async () => {
    start();
    await clock.advance(100);
    const shown = postgres.walEnd;
    await clock.advance(5_100);
    postgres.commit([row("1")]);
    await clock.advance(5_100);
    postgres.commit([row("2")]);
    await clock.advance(100);
    const { watermark, endLsn } = checkpoint();
    expect(watermark?.lsn).toBe(shown);
    await clock.advance(11_000);
    postgres.commit([row("3")]);
    await clock.advance(100);
    expect(checkpoint().watermark?.lsn).toBe(endLsn);
  });
});

describe("after the promotion of a standby that lacked the last events", () => {
  it("reports them as phantoms and publishes all that the new primary writes at the same LSNs", async () => {
    start();
    await clock.advance(100);
    postgres.commit([row("1")]);
    await clock.advance(100);
    const switchLsn = postgres.walEnd;
    postgres.commit([row("ghost-1"), row("ghost-2")]);
    await clock.advance(100);
    postgres.promote(switchLsn);
    postgres.commit([row("2")]);
    await clock.advance(10_000);
    expect(ids()).toEqual(["1", "ghost-1", "ghost-2", "2"]);
    const [note] = [...cluster.notes.values()].map((bytes) => new TextDecoder().decode(bytes));
    expect(JSON.parse(note ?? "")).toMatchObject({ count: 2, ids: ["ghost-1", "ghost-2"] });
    expect(positions()).toEqual(positions().toSorted());
    expect(postgres.confirmed).toBe(postgres.walEnd);
  });
});
