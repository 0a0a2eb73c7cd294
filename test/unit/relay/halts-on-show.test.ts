import { beforeEach, describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { textOf } from "../../../src/relay/event/ascii.ts";
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

const start = (): ModelRelay => new ModelRelay(postgres, new ModelSink(cluster, clock), clock);
const row = (id: string): { id: string; key: string } => ({ id, key: "k" });
const ids = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
const stored = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
/** Names and codes that were on show, from the first halt on. */
function shown({ states }: ModelRelay): string[] {
  const first = states.findIndex(({ name }) => name === "failed");
  return states
    .slice(Math.max(first, 0))
    .map(({ name, reason }) => `${name} ${reason?.code ?? ""}`);
}

describe("a halt at a row", () => {
  beforeEach(() => {
    postgres.undecodableId = "bad";
  });

  it("stays on show for each of two relays that take the slot from each other, until one got past the row", async () => {
    const relays = [start(), start()];
    await clock.advance(2_000);
    postgres.commit([row("1")]);
    postgres.commit([row("bad")]);
    await clock.advance(120_000);
    for (const one of relays) expect(shown(one)).toEqual(["failed POSTGRES_DECODING"]);
    postgres.undecodableId = null;
    await clock.advance(30_000);
    expect(relays.map(({ relay }) => relay.state.name).toSorted()).toEqual([
      "standby",
      "streaming",
    ]);
    expect(relays.flatMap(shown).toSorted()).toEqual([
      "failed POSTGRES_DECODING",
      "failed POSTGRES_DECODING",
      "standby ",
      "streaming ",
    ]);
    expect(ids()).toEqual(["1", "bad"]);
  });

  it("is not replaced by what attempts in between meet, which is told beside it", async () => {
    const relay = start();
    await clock.advance(100);
    postgres.commit([row("bad")]);
    await clock.advance(5_000);
    cluster.isDown = true;
    await clock.advance(30_000);
    expect(relay.relay.attempt).toMatchObject({ reason: { code: "KAFKA_UNREACHABLE" } });
    cluster.isDown = false;
    await clock.advance(30_000);
    expect(shown(relay)).toEqual(["failed POSTGRES_DECODING"]);
    postgres.undecodableId = null;
    await clock.advance(30_000);
    expect(relay.relay.attempt).toBeNull();
    expect(shown(relay).at(-1)).toBe("streaming ");
  });

  it("is not over when rows before it are published", async () => {
    const relay = start();
    await clock.advance(100);
    cluster.isDown = true;
    postgres.commit([row("1")]);
    postgres.commit([row("2")]);
    postgres.commit([row("bad")]);
    await clock.advance(200);
    cluster.isDown = false;
    await clock.advance(60_000);
    expect(ids()).toEqual(["1", "2"]);
    expect(shown(relay)).toEqual(["failed POSTGRES_DECODING"]);
  });
});

describe("a row that was written while the publication was missing", () => {
  beforeEach(() => {
    postgres.undecodableId = "bad";
    const details = { code: "PUBLICATION_MISSING", remedy: "halt", hint: "repair" } as const;
    postgres.decodingFault = new RelayError("publication p did not exist", details);
  });

  it("halts once and for all, is written down, and repair settles it", async () => {
    const relay = start();
    await clock.advance(100);
    postgres.commit([row("bad")]);
    await clock.advance(120_000);
    const codes = new Set(shown(relay));
    expect([...codes]).toEqual(["failed PUBLICATION_MISSING"]);
    expect(stored().halt?.code).toBe("PUBLICATION_MISSING");
    postgres.tableRows = [row("bad")];
    const ports = modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver());
    const operations = new Operations(ports, MODEL_OPTIONS);
    const { signal } = new AbortController();
    await expect(operations.acceptPublication(signal)).rejects.toMatchObject({
      code: "PUBLICATION_MISSING",
    });
    const repaired = operations.repair(false, signal);
    await clock.advance(100);
    expect(await repaired).toMatchObject({ backfills: true });
    postgres.transactions.splice(0);
    await clock.advance(30_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(ids()).toEqual(["bad"]);
  });

  it("is named by the catalogs at once when the publication was made again meanwhile", async () => {
    const first = start();
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    postgres.publication = "made again";
    postgres.commit([row("bad")]);
    const relay = start();
    await clock.advance(60_000);
    expect([...new Set(shown(relay))]).toEqual(["failed PUBLICATION_CHANGED"]);
    expect(postgres.opens).toBe(1);
  });
});

describe("a halt of preflight", () => {
  const finding = {
    code: "CONFIG_TABLE",
    severity: "halt",
    message: "gone",
    hint: "make it",
  } as const;

  it("is over when preflight passes, also for a relay that then stands by", async () => {
    const leader = start();
    await clock.advance(100);
    postgres.findings = [finding];
    const other = start();
    await clock.advance(30_000);
    expect(other.relay.state).toMatchObject({ name: "failed", reason: { code: "CONFIG_TABLE" } });
    postgres.findings = [];
    await clock.advance(30_000);
    expect([leader, other].map(({ relay }) => relay.state.name)).toEqual(["streaming", "standby"]);
  });
});

describe("a halt of an earlier start", () => {
  it("is over for a relay that stands by once another one goes on", async () => {
    const relays = [start(), start()];
    await clock.advance(2_000);
    postgres.publication = "another";
    await clock.advance(60_000);
    for (const one of relays) expect(one.relay.state.reason?.code).toBe("PUBLICATION_CHANGED");
    const ports = modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver());
    const accepted = new Operations(ports, MODEL_OPTIONS).acceptPublication(
      new AbortController().signal,
    );
    await clock.advance(100);
    await accepted;
    await clock.advance(180_000);
    expect(relays.map(({ relay }) => relay.state.name).toSorted()).toEqual([
      "standby",
      "streaming",
    ]);
  });
});

describe("a server whose WAL ended before the checkpoint", () => {
  it("is not taken for right when it has written past it", async () => {
    const first = start();
    await clock.advance(100);
    for (let i = 0; i < 5; i++) postgres.commit([row(`${i}`)]);
    await clock.advance(100);
    first.stop();
    await clock.advance(1_000);
    const copy = new ModelPostgres();
    copy.hasSlot = true;
    const relay = new ModelRelay(copy, new ModelSink(cluster, clock), clock);
    await clock.advance(10_000);
    expect(relay.relay.state.reason?.code).toBe("LINEAGE_REWOUND");
    for (let i = 0; i < 20; i++) copy.commit([row(`again ${i}`)]);
    await clock.advance(60_000);
    expect(shown(relay)).toEqual(["failed LINEAGE_REWOUND"]);
    expect(ids()).toHaveLength(5);
  });
});
