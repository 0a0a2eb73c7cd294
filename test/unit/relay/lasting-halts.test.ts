import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
});

function start(
  instance = "one",
  told: ConstructorParameters<typeof ModelRelay>[5] = {},
): ModelRelay {
  const sink = new ModelSink(cluster, clock);
  return new ModelRelay(postgres, sink, clock, { instance }, undefined, told);
}

const operations = (): Operations =>
  new Operations(
    modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver()),
    MODEL_OPTIONS,
  );
const NEVER = new AbortController().signal;

const ids = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
const stored = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
const version = (): number =>
  (JSON.parse(new TextDecoder().decode(cluster.checkpoints.at(-1))) as { v: number }).v;
const row = (id: string): { id: string; key: string } => ({ id, key: "k" });

const UNLOGGED: Finding = {
  code: "CONFIG_TABLE",
  severity: "halt",
  keepsRowsOut: true,
  message: "public.outbox_a is unlogged",
  hint: "Run ALTER TABLE public.outbox_a SET LOGGED;",
};

/** Runs `work` while virtual time goes on. */
async function during<T>(work: Promise<T>): Promise<T> {
  const settled = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await clock.advance(20_000);
  const outcome = await settled;
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

/** The catalogs are other ones for a while, and a row is written that is not in the stream. */
async function changedAndTakenBack(): Promise<void> {
  postgres.publication = "another";
  await clock.advance(6_000);
  postgres.publication = "p";
}

describe("a halt that may mean missing rows", () => {
  it("is written into the checkpoint, with the progress that was durable, and older relays stop at it", async () => {
    start();
    await clock.advance(100);
    postgres.commit([row("1")]);
    await clock.advance(100);
    const { commitLsn, index, endLsn } = stored();
    expect([version(), index]).toEqual([1, 1]);
    await changedAndTakenBack();
    expect(version()).toBe(2);
    expect(stored()).toMatchObject({ commitLsn, index, endLsn });
    expect(stored().halt).toMatchObject({ code: "PUBLICATION_CHANGED", instance: "one" });
  });

  it("stays when its cause is taken back, also for a relay that was restarted and one that takes over", async () => {
    const first = start();
    await clock.advance(100);
    await changedAndTakenBack();
    postgres.commit([row("1")]);
    await clock.advance(20_000);
    expect(first.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    const fenced = cluster.epoch;
    first.stop();
    await clock.advance(1_000);
    const second = start("two");
    await clock.advance(60_000);
    expect(second.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    expect(second.relay.state.reason?.message).toMatch(/since 20.*first met by relay one/);
    expect(ids()).toEqual([]);
    // What is written down already needs no fencing.
    expect(cluster.epoch).toBe(fenced);
  });

  it("stays when it was met by a start, before the slot was in hand, and was mended as its hint says", async () => {
    const first = start();
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    postgres.treeFindings = [UNLOGGED];
    const second = start("two");
    await clock.advance(6_000);
    expect(second.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    postgres.treeFindings = [];
    postgres.commit([row("1")]);
    await clock.advance(20_000);
    expect(second.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    expect(stored().halt).toMatchObject({ code: "CONFIG_TABLE", instance: "two" });
    expect(ids()).toEqual([]);
    postgres.tableRows = [row("unlogged"), row("1")];
    await during(operations().repair(false, NEVER));
    await clock.advance(20_000);
    expect(second.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(ids()).toEqual(expect.arrayContaining(["unlogged", "1"]));
  });

  it("is written down by a start that finds it before it takes the slot, for the relay after it", async () => {
    const first = start();
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    postgres.treeFindings = [UNLOGGED];
    const second = start("two");
    await clock.advance(500);
    expect(stored().halt).toMatchObject({ code: "CONFIG_TABLE", instance: "two" });
    const { epoch } = cluster;
    await clock.advance(20_000);
    expect(cluster.epoch).toBe(epoch);
    second.stop();
    postgres.treeFindings = [];
    await clock.advance(1_000);
    const third = start("three");
    await clock.advance(20_000);
    expect(third.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
  });

  it("may be that Postgres 18 skipped rows, which a repair takes from the table", async () => {
    const relay = start();
    await clock.advance(100);
    postgres.cut(
      new RelayError("rows were skipped", {
        code: "PUBLICATION_SKIPPED",
        remedy: "halt",
        hint: "Run outbox-relay repair.",
      }),
    );
    await clock.advance(20_000);
    expect(stored().halt).toMatchObject({ code: "PUBLICATION_SKIPPED" });
    postgres.tableRows = [row("skipped")];
    const { backfills } = await during(operations().repair(false, NEVER));
    expect(backfills).toBe(true);
    await clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(ids()).toEqual(["skipped"]);
  });

  it("is none before the first checkpoint: those rows are nobody's to publish", async () => {
    postgres.treeFindings = [UNLOGGED];
    const relay = start();
    await clock.advance(6_000);
    postgres.treeFindings = [];
    await clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
  });

  it("is settled by accept publication, which says what it accepts", async () => {
    const relay = start();
    await clock.advance(100);
    await changedAndTakenBack();
    const { message } = await during(operations().acceptPublication(NEVER));
    expect(message).toMatch(/PUBLICATION_CHANGED: publication or outbox tables were changed/);
    expect(message).toContain("stay missing");
    expect([stored().halt, version()]).toEqual([null, 1]);
    postgres.commit([row("1")]);
    await clock.advance(6_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(ids()).toEqual(["1"]);
  });

  it("is settled by repair", async () => {
    const relay = start();
    await clock.advance(100);
    await changedAndTakenBack();
    postgres.tableRows = [row("lost")];
    const { backfills } = await during(operations().repair(false, NEVER));
    expect(backfills).toBe(true);
    await clock.advance(20_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(ids()).toEqual(["lost"]);
    expect(stored()).toMatchObject({ halt: null, pending: null });
  });

  it("is kept while Kafka is away, and written first when it is back, before anything is judged", async () => {
    const relay = start();
    await clock.advance(100);
    cluster.isDown = true;
    await changedAndTakenBack();
    await clock.advance(20_000);
    expect(version()).toBe(1);
    cluster.isDown = false;
    postgres.commit([row("1")]);
    await clock.advance(20_000);
    expect(stored().halt?.code).toBe("PUBLICATION_CHANGED");
    expect(relay.relay.state).toMatchObject({
      name: "failed",
      reason: { code: "PUBLICATION_CHANGED" },
    });
    expect(ids()).toEqual([]);
  });

  it("that could not be written is no more when a person has decided meanwhile", async () => {
    const relay = start();
    await clock.advance(100);
    cluster.isDown = true;
    await changedAndTakenBack();
    postgres.publication = "another";
    relay.stop();
    cluster.isDown = false;
    await clock.advance(10_000);
    const again = start();
    await clock.advance(10_000);
    expect(again.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    await during(operations().acceptPublication(NEVER));
    await clock.advance(10_000);
    expect(again.relay.state.name).toBe("streaming");
  });

  it("is none where RELAY_TABLES was set otherwise: set back, all is as it was", async () => {
    const first = start();
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    postgres.publication = "other tables";
    const sink = new ModelSink(cluster, clock);
    const other = new ModelRelay(postgres, sink, clock, { configFingerprint: "d" });
    await clock.advance(10_000);
    expect(other.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect([stored().halt, version()]).toEqual([null, 1]);
    other.stop();
    await clock.advance(1_000);
    postgres.publication = "p";
    const back = start();
    await clock.advance(1_000);
    expect(back.relay.state.name).toBe("streaming");
  });
});

describe("a change of the owner", () => {
  it("is told and goes on, while it streams and at a start", async () => {
    const notes: string[] = [];
    const relay = start("one", { note: (message) => void notes.push(message) });
    await clock.advance(100);
    [postgres.touched, postgres.owner] = ["2", "11"];
    await clock.advance(6_000);
    expect(relay.relay.state.name).toBe("streaming");
    expect(notes).toEqual([expect.stringContaining("the owner of publication p was changed")]);
    relay.stop();
    await clock.advance(1_000);
    [postgres.touched, postgres.owner] = ["3", "12"];
    const again = start("one", { note: (message) => void notes.push(message) });
    postgres.commit([row("1")]);
    await clock.advance(1_000);
    expect(again.relay.state.name).toBe("streaming");
    expect(notes).toHaveLength(2);
    expect(stored().catalog?.["publication p"]?.owner).toBe("12");
  });

  it("is not taken for one where the owner is the same", async () => {
    const relay = start();
    await clock.advance(100);
    postgres.touched = "2";
    await clock.advance(6_000);
    expect(relay.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    expect(relay.relay.state.reason?.message).toContain("Nothing that decides");
  });
});
