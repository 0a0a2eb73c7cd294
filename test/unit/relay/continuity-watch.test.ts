import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Finding } from "../../../src/relay/finding.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";
import { treePart } from "./settle/tree-part.ts";

const UNLOGGED: Finding = {
  code: "CONFIG_TABLE",
  severity: "halt",
  message: "public.outbox_b is unlogged",
  hint: "Run ALTER TABLE public.outbox_b SET LOGGED;",
};
const UNLISTED: Finding = {
  code: "TABLE_UNLISTED",
  severity: "warning",
  message: "publication p names public.other",
  hint: "Add it to RELAY_TABLES.",
};

let clock: VirtualClock;
let cluster: ModelCluster;
let postgres: ModelPostgres;
let relay: ModelRelay;
let warned: string[];

/** A relay, with what the database shows at that time. */
async function started(): Promise<void> {
  const told = { warning: ({ code }: Finding) => void warned.push(code) };
  const sink = new ModelSink(cluster, clock);
  relay = new ModelRelay(postgres, sink, clock, {}, () => undefined, told);
  await clock.advance(50);
}

async function streaming(): Promise<void> {
  await started();
  expect(relay.relay.state.name).toBe("streaming");
}

beforeEach(() => {
  clock = new VirtualClock();
  cluster = new ModelCluster();
  postgres = new ModelPostgres();
  warned = [];
});

describe("the look at the tables every five seconds", () => {
  it("halts at a table below the outbox whose rows cannot come, and says how to repair it", async () => {
    await streaming();
    postgres.treeFindings = [UNLISTED, UNLOGGED];
    await clock.advance(5_100);
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "CONFIG_TABLE", remedy: "halt", message: UNLOGGED.message },
    });
    expect(relay.relay.state.reason?.hint).toContain(UNLOGGED.hint);
  });

  it("warns once of what does not stop the stream, and goes on", async () => {
    await streaming();
    postgres.treeFindings = [UNLISTED];
    await clock.advance(60_000);
    expect(warned).toEqual(["TABLE_UNLISTED"]);
    expect(relay.relay.state.name).toBe("streaming");
  });

  it("does not repeat what preflight warned of", async () => {
    postgres.treeFindings = [UNLISTED];
    await streaming();
    await clock.advance(60_000);
    expect(warned).toEqual(["TABLE_UNLISTED"]);
  });
});

describe("the tree of the outbox tables", () => {
  const LATE = treePart({ key: "2", name: "public.filled", isLate: true, hasRows: true });

  /** Another process, once the last one is gone. */
  async function restarted(): Promise<void> {
    relay.stop();
    await clock.advance(1_000);
    await started();
  }

  it("halts a relay that streams when a part was away, and every one after it", async () => {
    postgres.tree = [treePart()];
    await streaming();
    postgres.tree = [treePart({ link: "701" })];
    await clock.advance(5_100);
    const failed = { name: "failed", reason: { code: "PUBLICATION_CHANGED" } };
    expect(relay.relay.state).toMatchObject(failed);
    await restarted();
    expect(relay.relay.state).toMatchObject(failed);
  });

  it("halts a relay that was down when a part was away", async () => {
    postgres.tree = [treePart()];
    await streaming();
    postgres.tree = [treePart({ link: "701" })];
    await restarted();
    expect(relay.relay.state).toMatchObject({ reason: { code: "PUBLICATION_CHANGED" } });
  });

  it("is remembered from the first look on, where a checkpoint of an earlier version has none", async () => {
    await streaming();
    const last = cluster.checkpoints.length - 1;
    const text = new TextDecoder().decode(cluster.checkpoints[last]);
    const { tree: _, ...earlier } = JSON.parse(text) as Record<string, unknown>;
    cluster.checkpoints[last] = new TextEncoder().encode(JSON.stringify(earlier));
    postgres.tree = [treePart(), LATE];
    await restarted();
    expect([relay.relay.state.name, warned]).toEqual(["streaming", []]);
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(100);
    const stored = decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
    expect(Object.keys(stored.tree?.marks ?? {})).toEqual(["1", "2"]);
  });

  it("has the stream begun again once when a table is attached that the server could leave out of it", async () => {
    await streaming();
    const { opens } = postgres;
    postgres.tree = [{ ...LATE, hasRows: false, overlooked: "later" }];
    await clock.advance(60_000);
    expect(postgres.opens - opens).toBe(1);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(100);
    expect(cluster.checkpoints.length).toBeGreaterThan(0);
  });

  it("is warned of once when a table with rows is attached, also to a relay that was down", async () => {
    await streaming();
    postgres.tree = [LATE];
    await clock.advance(20_000);
    postgres.commit([{ id: "1", key: "k" }]);
    await clock.advance(100);
    postgres.tree = [LATE, { ...LATE, key: "3" }];
    await restarted();
    await clock.advance(20_000);
    expect(warned).toEqual(["PARTITION_ATTACHED", "PARTITION_ATTACHED"]);
  });
});
