import { beforeEach, describe, expect, it } from "@jest/globals";
import { StreamTally } from "../../../src/relay/capture/stream-tally.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { formatLsn, lsn } from "../../../src/relay/lsn.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import { Operations } from "../../../src/relay/operate/operations.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { MODEL_TABLE_OID } from "../../support/model/model-catalog.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let sink: ModelSink;
let tally: StreamTally;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  sink = new ModelSink(cluster, clock);
  tally = new StreamTally();
});

async function start(): Promise<ModelRelay> {
  const relay = new ModelRelay(postgres, sink, clock, {}, undefined, { tally });
  await clock.advance(50);
  return relay;
}

/** Starts a relay, has it publish a row, and ends it, so that there is a checkpoint. */
async function begin(table?: number): Promise<void> {
  const relay = await start();
  await commit("begun", table);
  await stop(relay);
}

async function stop(relay: ModelRelay): Promise<void> {
  relay.stop();
  await clock.advance(100);
}

async function commit(id: string, table: number = MODEL_TABLE_OID): Promise<void> {
  postgres.commit([{ id, key: "k", table }]);
  await clock.advance(50);
}

function published(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

async function decide(table: string, publish: boolean): Promise<void> {
  const ports = modelPorts(postgres, sink, clock, silentObserver());
  const { signal } = new AbortController();
  const done = new Operations(ports, MODEL_OPTIONS).acceptTable(table, publish, signal);
  await clock.advance(100);
  await done;
}

const AWAY = { name: "outbox_tmp" };
const BACK = { schema: "public", name: "outbox" };

describe("rows of an outbox table that has another name for a while", () => {
  it.each([
    ["another name", AWAY],
    ["another schema", { schema: "archive" }],
  ])("are published while the relay runs: %s, and back", async (_way, away) => {
    await begin();
    await start();
    postgres.tables.alter(MODEL_TABLE_OID, away);
    await commit("away-1");
    await commit("away-2");
    postgres.tables.alter(MODEL_TABLE_OID, BACK);
    await commit("back");
    expect(published()).toEqual(["begun", "away-1", "away-2", "back"]);
  });

  it("are published when the relay was stopped meanwhile", async () => {
    await begin();
    postgres.tables.alter(MODEL_TABLE_OID, AWAY);
    await commit("away");
    postgres.tables.alter(MODEL_TABLE_OID, BACK);
    await start();
    await commit("back");
    expect(published()).toEqual(["begun", "away", "back"]);
  });

  it("are published when the relay starts while the table is away", async () => {
    await begin();
    postgres.tables.alter(MODEL_TABLE_OID, AWAY);
    await start();
    await commit("away");
    await commit("still away");
    expect(published()).toEqual(["begun", "away", "still away"]);
  });

  it("are those of a table that was dropped and made again, too", async () => {
    await begin();
    postgres.tables.drop(MODEL_TABLE_OID);
    const made = postgres.tables.create("outbox");
    const relay = await start();
    await commit("made again", made);
    expect(published()).toEqual(["begun", "made again"]);
    expect(relay.relay.state.name).toBe("streaming");
  });
});

describe("rows of tables below an outbox table", () => {
  it("are published when the child was there at the start, and nothing is asked for it", async () => {
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    await begin();
    await commit("stopped", child);
    postgres.questions = [];
    await start();
    expect(published()).toEqual(["begun", "stopped"]);
    expect(postgres.questions).toEqual([null]);
  });

  it("are published when child and grandchild are made while the relay runs; each is asked for once", async () => {
    await begin();
    await start();
    postgres.questions = [];
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    const grandchild = postgres.tables.create("grandchild", { parent: child });
    for (const id of ["1", "2"]) {
      await commit(`child-${id}`, child);
      await commit(`grandchild-${id}`, grandchild);
    }
    expect(published()).toEqual(["begun", "child-1", "grandchild-1", "child-2", "grandchild-2"]);
    expect(postgres.questions).toEqual([child, grandchild]);
  });

  it("keep their place in a transaction with rows of other tables", async () => {
    await begin();
    await start();
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    const other = postgres.tables.create("other");
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => ({ id, key: "k" }));
    postgres.commit([
      { ...a, table: MODEL_TABLE_OID },
      { ...b, table: child },
      { ...c, table: other },
      { ...d, table: MODEL_TABLE_OID },
    ] as Parameters<ModelPostgres["commit"]>[0]);
    await commit("after");
    expect(published()).toEqual(["begun", "a", "b", "d", "after"]);
    const indexes = cluster.records.map(({ headers }) =>
      textOf(headers[2]?.value as Uint8Array).substring(26),
    );
    expect(indexes).toEqual(["00000001", "00000001", "00000002", "00000003", "00000001"]);
  });

  it("are published after the child was dropped, when a checkpoint knows it", async () => {
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    await begin(child);
    await commit("late", child);
    postgres.tables.drop(child);
    const relay = await start();
    await commit("after");
    expect(published()).toEqual(["begun", "late", "after"]);
    expect(relay.relay.state.name).toBe("streaming");
  });
});

describe("rows of a child that nobody can explain any more", () => {
  let child: number;

  beforeEach(async () => {
    await begin();
    child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    await commit("lost?", child);
    await commit("after");
    postgres.tables.drop(child);
  });

  it("halt the relay before anything past them is confirmed, with table, OID, position and command", async () => {
    const before = postgres.transactions.find(({ rows }) => rows[0]?.id === "lost?");
    const relay = await start();
    await clock.advance(20_000);
    expect(published()).toEqual(["begun"]);
    expect(postgres.confirmed).toBeLessThanOrEqual(before?.commitLsn ?? 0n);
    const { name, reason } = relay.relay.state;
    expect([name, reason?.code]).toEqual(["failed", "TABLE_UNKNOWN"]);
    expect(reason?.message).toContain(`public.child (OID ${child})`);
    expect(reason?.message).toContain(formatLsn(before?.commitLsn ?? lsn(0n)));
    expect(reason?.hint).toContain("outbox-relay accept table public.child --publish");
  });

  it.each([
    [true, ["begun", "lost?", "after"]],
    [false, ["begun", "after"]],
  ])(
    "are decided on by a person (publish: %s), also for a relay that takes over",
    async (publish, all) => {
      await stop(await start());
      await decide("public.child", publish);
      const relay = await start();
      expect(published()).toEqual(all);
      expect(tally.passedTables.get("public.child")?.rows ?? 0).toBe(publish ? 0 : 1);
      await stop(relay);
      await start();
      await commit("later");
      expect(published()).toEqual([...all, "later"]);
      const { tables } = decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
      expect(tables?.decisions).toEqual([]);
    },
  );

  it("are another question when they were written after the decision", async () => {
    await stop(await start());
    await decide("public.child", false);
    const again = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    await commit("again", again);
    postgres.tables.drop(again);
    const relay = await start();
    expect(relay.relay.state.reason?.code).toBe("TABLE_UNKNOWN");
    expect(published()).toEqual(["begun", "after"]);
  });
});

describe("rows of other tables", () => {
  it("are passed over and counted when the publication lists the table by name", async () => {
    await begin();
    await start();
    const other = postgres.tables.create("outbox2");
    await commit("x", other);
    await commit("y", other);
    await commit("ours");
    expect(published()).toEqual(["begun", "ours"]);
    expect([...tally.passedTables]).toEqual([["public.outbox2", { rows: 2 }]]);
  });

  it("are passed over without a word when the publication has all tables", async () => {
    postgres.tables.isForAllTables = true;
    await begin();
    await start();
    await commit("x", postgres.tables.create("customers", { isListed: false }));
    await commit("ours");
    expect(published()).toEqual(["begun", "ours"]);
    expect(tally.passedTables.size).toBe(0);
  });

  it("are looked at again once the table is below the outbox table", async () => {
    await begin();
    await start();
    const other = postgres.tables.create("other");
    await commit("not ours", other);
    postgres.tables.alter(other, { parent: MODEL_TABLE_OID, name: "child" });
    await commit("ours", other);
    expect(published()).toEqual(["begun", "ours"]);
  });

  it("halt the relay when the table was the outbox table until another one took its place", async () => {
    await begin();
    postgres.tables.alter(MODEL_TABLE_OID, { name: "outbox_old" });
    const next = postgres.tables.create("outbox");
    const relay = await start();
    await commit("new", next);
    await commit("old");
    expect(relay.relay.state.reason?.code).toBe("TABLE_RENAMED");
    expect(published()).toEqual(["begun", "new"]);
  });

  it("halt the relay when the table took the outbox table's place later: they may be copies", async () => {
    await begin();
    const next = postgres.tables.create("outbox_next");
    await commit("copy", next);
    postgres.tables.alter(MODEL_TABLE_OID, { name: "outbox_old" });
    postgres.tables.alter(next, BACK);
    const relay = await start();
    expect(relay.relay.state.reason?.code).toBe("TABLE_UNKNOWN");
    expect(published()).toEqual(["begun"]);
  });
});

describe("a catalog that does not answer", () => {
  it("ends the session for another try, and nothing past the row is confirmed", async () => {
    await begin();
    const relay = await start();
    const child = postgres.tables.create("child", { parent: MODEL_TABLE_OID });
    const details = { code: "POSTGRES_UNREACHABLE", remedy: "retry", hint: "wait" } as const;
    postgres.catalogFault = new RelayError("no answer", details);
    const { confirmed, streams } = postgres;
    postgres.commit([{ id: "child", key: "k", table: child }]);
    await clock.advance(0);
    expect(postgres.confirmed).toBe(confirmed);
    await clock.advance(1_000);
    expect(postgres.streams).toBe(streams + 1);
    expect(relay.relay.state.name).toBe("streaming");
    expect(published()).toEqual(["begun", "child"]);
  });
});
