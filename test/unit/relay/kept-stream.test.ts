import { beforeEach, describe, expect, it } from "@jest/globals";
import { ascii, textOf } from "../../../src/relay/event/ascii.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const ROWS = 60;

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let notes: string[];

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  notes = [];
  postgres.tableRows = Array.from({ length: ROWS }, (_, i) => row(`row-${i}`));
});

function start(options: Partial<RelayOptions> = {}): ModelRelay {
  const told = { note: (message: string) => void notes.push(message) };
  const given = { snapshot: "initial", ...options } as const;
  const sink = new ModelSink(cluster, clock);
  return new ModelRelay(postgres, sink, clock, given, () => undefined, told);
}

const row = (id: string): { id: string; key: string } => ({ id, key: "k" });
const header = (place: number): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[place]?.value as Uint8Array));
const ids = (): string[] => header(0);
const positions = (): string[] => header(2);
const checkpoint = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
const tableIds = (): string[] => postgres.tableRows.map(({ id }) => id);

/** A first snapshot that ends after some of its rows. */
async function interrupted(): Promise<void> {
  const first = start({ batchEventsMax: 2, bufferBytesMax: 300 });
  while (cluster.records.length < 20) await clock.advance(1);
  first.stop();
  await clock.advance(1_000);
  expect(checkpoint().pending).toBe("backfill");
  expect(ids().length).toBeLessThan(ROWS);
}

async function goOn(): Promise<ModelRelay> {
  const relay = start();
  await clock.advance(5_000);
  return relay;
}

describe("a backfill that begins again", () => {
  it("had written down its slot before the relay said that it streams", async () => {
    const relay = start({ batchEventsMax: 2, bufferBytesMax: 300 });
    while (relay.relay.state.name !== "streaming") await clock.advance(1);
    const { pending, slotSnapshot } = checkpoint();
    expect([pending, slotSnapshot?.lsn]).toEqual(["backfill", postgres.confirmed]);
  });

  it("keeps its slot: rows that were inserted and deleted meanwhile come once, after the rows from before it", async () => {
    await interrupted();
    const { drops } = postgres;
    postgres.commit([row("deleted")]);
    postgres.commit([row("stays")]);
    postgres.tableRows.push(row("stays"));
    await goOn();
    expect(ids()).toEqual([...tableIds().slice(0, ROWS), "deleted", "stays"]);
    expect(postgres.drops).toBe(drops);
    expect(checkpoint()).toMatchObject({ pending: null, slotSnapshot: null });
    expect(postgres.confirmed).toBe(postgres.walEnd);
  });

  it("goes on with rising positions, also past rows that no checkpoint tells of", async () => {
    await interrupted();
    const last = cluster.records.at(-1) as (typeof cluster.records)[number];
    const position = `${positions().at(-1)?.slice(0, -2) ?? ""}FE`;
    const unknown = [ascii("row-59"), last.headers[1]?.value as Uint8Array, ascii(position)];
    const headers = last.headers.map((one, i) => ({ ...one, value: unknown[i] as Uint8Array }));
    cluster.records.push({ ...last, headers });
    postgres.commit([row("deleted")]);
    await goOn();
    expect(ids().toSorted()).toEqual([...tableIds(), "deleted"].toSorted());
    expect(positions()).toEqual(positions().toSorted());
    expect(new Set(positions()).size).toBe(ROWS + 1);
  });

  it("sends rows first that were changed meanwhile, and leaves those to the slot that it brings", async () => {
    await interrupted();
    postgres.commit([row("deleted"), row("stays")]);
    postgres.tableRows.push(row("stays"));
    postgres.doubtfulIds = ["row-59", "stays"];
    await goOn();
    expect(ids()).toEqual([...tableIds().slice(0, ROWS), "deleted", "stays"]);
  });

  it("stops by a code when more rows are in doubt than it can keep", async () => {
    await interrupted();
    postgres.doubtfulIds = Array.from({ length: 500_001 }, (_, i) => `doubt-${i}`);
    const published = ids().length;
    const relay = await goOn();
    expect(relay.relay.state.reason?.code).toBe("BACKFILL_DOUBTFUL");
    expect(ids()).toHaveLength(published);
  });

  it.each<[string, string, () => void]>([
    ["gone", "it is gone", () => void postgres.dropSlot()],
    [
      "moved",
      "it was moved past",
      () => {
        postgres.otherWal(80);
        postgres.confirmed = postgres.walEnd;
      },
    ],
  ])("makes the slot again where it is %s, and says what that means", async (_, why, happen) => {
    await interrupted();
    happen();
    await goOn();
    expect(ids()).toEqual(tableIds());
    expect(notes.join()).toContain(why);
    expect(notes.join()).toContain("are not published");
  });

  it("halts where the publication was changed meanwhile, for rows may not be in the slot", async () => {
    await interrupted();
    postgres.publication = "another";
    const published = ids().length;
    const relay = await goOn();
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect(ids()).toHaveLength(published);
  });
});
