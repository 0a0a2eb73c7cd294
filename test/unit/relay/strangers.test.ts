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

function start(
  instance = "one",
  told: ConstructorParameters<typeof ModelRelay>[5] = {},
): ModelRelay {
  const sink = new ModelSink(cluster, clock);
  return new ModelRelay(postgres, sink, clock, { instance }, undefined, told);
}

const NEVER = new AbortController().signal;

const ids = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
const stored = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
const row = (id: string): { id: string; key: string } => ({ id, key: "k" });

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

describe("a relay of another server with the same names", () => {
  let stranger: ModelPostgres;

  beforeEach(() => {
    stranger = new ModelPostgres();
    stranger.systemId = "2";
  });

  it.each([
    ["without a slot", false],
    ["with a slot", true],
  ])(
    "%s never fences the relay at work, and names both sides and the settings",
    async (_what, hasSlot) => {
      const relay = start();
      await clock.advance(100);
      const fenced = cluster.epoch;
      stranger.hasSlot = hasSlot;
      const other = new ModelRelay(stranger, new ModelSink(cluster, clock), clock, {});
      await clock.advance(60_000);
      expect(other.relay.state).toMatchObject({
        name: "failed",
        reason: { code: "LINEAGE_FOREIGN" },
      });
      const { message = "", hint = "" } = other.relay.state.reason ?? {};
      expect(message).toMatch(
        /identifier 2, database 5.*identifier 1, database 5.*relay one wrote/,
      );
      expect(hint).toMatch(/RELAY_SLOT_NAME.*RELAY_CHECKPOINT_TOPIC and RELAY_TRANSACTIONAL_ID/);
      expect(hint).not.toContain("repair");
      expect(cluster.epoch).toBe(fenced);
      expect(stored()).toMatchObject({ halt: null, systemId: "1" });
      postgres.commit([row("1")]);
      await clock.advance(100);
      expect([relay.relay.state.name, ids()]).toEqual(["streaming", ["1"]]);
    },
  );

  it("is told so by its first look, not by the slot", async () => {
    start();
    await clock.advance(100);
    const other = new ModelRelay(stranger, new ModelSink(cluster, clock), clock, {});
    await clock.advance(1_000);
    expect(other.states.map(({ reason }) => reason?.code)).toEqual(["LINEAGE_FOREIGN"]);
  });

  it("of another database of the same server is one as well", async () => {
    start();
    await clock.advance(100);
    const fenced = cluster.epoch;
    stranger.systemId = "1";
    stranger.databaseOid = 6;
    const other = new ModelRelay(stranger, new ModelSink(cluster, clock), clock, {});
    await clock.advance(10_000);
    expect(other.relay.state.reason?.code).toBe("LINEAGE_FOREIGN");
    expect(cluster.epoch).toBe(fenced);
  });

  const adoption = (takesOver: boolean): Promise<string> => {
    const ports = modelPorts(stranger, new ModelSink(cluster, clock), clock, silentObserver());
    const operations = new Operations(ports, MODEL_OPTIONS);
    const decided = operations.adopt({ trustsSlot: false, takesOver }, NEVER);
    return during(decided.then(({ message }) => message));
  };

  it("does not adopt what a relay at work writes, unless it is said outright", async () => {
    start();
    await clock.advance(100);
    const fenced = cluster.epoch;
    await expect(adoption(false)).rejects.toMatchObject({
      code: "LINEAGE_FOREIGN",
      hint: expect.stringContaining("--take-over"),
    });
    expect(cluster.epoch).toBe(fenced);
    expect(await adoption(true)).toContain("comparing");
    expect(cluster.epoch).toBe(fenced + 1);
  });

  it("adopts what nobody has written to for a minute", async () => {
    const relay = start();
    await clock.advance(100);
    relay.stop();
    await clock.advance(61_000);
    expect(await adoption(false)).toContain("comparing");
  });

  it("does not adopt what is written to while it looks, whatever the writer's clock says", async () => {
    start();
    await clock.advance(100);
    // No checkpoint for a minute: then one comes while adopt looks.
    await clock.advance(61_000);
    clock.after(5_000, () => postgres.commit([row("1")]));
    await expect(adoption(false)).rejects.toBeInstanceOf(RelayError);
  });

  it.each([
    ["repair", (operations: Operations) => operations.repair(false, NEVER)],
    ["accept publication", (operations: Operations) => operations.acceptPublication(NEVER)],
    ["slot create", (operations: Operations) => operations.createSlot(NEVER)],
  ] as const)("fences nobody by %s", async (_, decide) => {
    start();
    await clock.advance(100);
    const fenced = cluster.epoch;
    const ports = modelPorts(stranger, new ModelSink(cluster, clock), clock, silentObserver());
    const decided = decide(new Operations(ports, MODEL_OPTIONS));
    await expect(during(decided)).rejects.toMatchObject({ code: "LINEAGE_FOREIGN" });
    expect(cluster.epoch).toBe(fenced);
  });
});

describe("a copy of the server that is older than the checkpoint", () => {
  it("never fences the relay at work", async () => {
    start();
    await clock.advance(100);
    for (let i = 0; i < 10; i++) postgres.commit([row(`${i}`)]);
    await clock.advance(100);
    const fenced = cluster.epoch;
    const copy = new ModelPostgres();
    copy.hasSlot = true;
    const other = new ModelRelay(copy, new ModelSink(cluster, clock), clock, {});
    await clock.advance(60_000);
    expect(other.relay.state.reason?.code).toBe("LINEAGE_REWOUND");
    expect(cluster.epoch).toBe(fenced);
  });
});

describe("a server on a later timeline", () => {
  const adoption = (takesOver: boolean): Promise<string> => {
    const ports = modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver());
    const decided = new Operations(ports, MODEL_OPTIONS).adopt(
      { trustsSlot: false, takesOver },
      NEVER,
    );
    return during(decided.then(({ message }) => message));
  };

  it("is asked for its history where the checkpoint is of an earlier one, and adopted on request alone", async () => {
    const former = start();
    await clock.advance(100);
    postgres.commit([row("1")]);
    await clock.advance(100);
    former.stop();
    await clock.advance(1_000);
    const fenced = cluster.epoch;
    postgres.promote(postgres.walEnd);
    postgres.timelineHistory = null;
    const relay = start("two");
    await clock.advance(1_000);
    expect(relay.relay.state.reason).toMatchObject({
      code: "LINEAGE_UNKNOWN",
      hint: expect.stringContaining("Copy 00000002.history"),
    });
    expect(cluster.epoch).toBe(fenced);
    relay.stop();
    await clock.advance(1_000);
    expect(await adoption(false)).toContain("nothing was changed");
    expect(await adoption(true)).toContain("comparing");
  });

  it("needs no history once a checkpoint is of its own", async () => {
    const former = start();
    await clock.advance(100);
    former.stop();
    postgres.promote(postgres.walEnd);
    const second = start("two");
    await clock.advance(1_000);
    postgres.commit([row("1")]);
    await clock.advance(1_000);
    second.stop();
    await clock.advance(1_000);
    postgres.timelineHistory = null;
    const third = start("three");
    await clock.advance(1_000);
    postgres.commit([row("2")]);
    await clock.advance(1_000);
    expect([third.relay.state.name, ids()]).toEqual(["streaming", ["1", "2"]]);
  });
});
