import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../../src/relay/event/ascii.ts";
import { silentObserver } from "../../../../src/relay/observer.ts";
import type { Outcome } from "../../../../src/relay/operate/operations.ts";
import { Operations } from "../../../../src/relay/operate/operations.ts";
import type { Checkpoint } from "../../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint } from "../../../../src/relay/settle/checkpoint.ts";
import { ModelCluster, ModelSink } from "../../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "../../../support/model/model-relay.ts";
import { VirtualClock } from "../../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;

beforeEach(() => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
});

const start = (instance: string): ModelRelay =>
  new ModelRelay(postgres, new ModelSink(cluster, clock), clock, { instance });
const ids = (): string[] =>
  cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
const stored = (): Checkpoint => decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array);
const row = (id: string): { id: string; key: string } => ({ id, key: "k" });

/** What an operator's command answers. */
async function decided(
  decide: (operations: Operations, signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const ports = modelPorts(postgres, new ModelSink(cluster, clock), clock, silentObserver());
  const outcome = decide(new Operations(ports, MODEL_OPTIONS), new AbortController().signal);
  await clock.advance(1_000);
  return outcome;
}

/** A relay that has published and stored a watermark, and is stopped. */
async function publishedAndStopped(): Promise<void> {
  const relay = start("one");
  await clock.advance(11_000);
  postgres.commit([row("1")]);
  await clock.advance(11_000);
  postgres.commit([row("2")]);
  await clock.advance(1_000);
  relay.stop();
  await clock.advance(1_000);
}

describe("a repair where no gap is found", () => {
  it("does nothing, and names the way to look at all rows", async () => {
    await publishedAndStopped();
    const { backfills, message } = await decided((operations, signal) =>
      operations.repair(false, signal),
    );
    expect(backfills).toBe(false);
    expect(message).toContain("outbox-relay repair --all-rows");
  });

  it("of all rows publishes those that Kafka does not hold, also from before the watermark", async () => {
    await publishedAndStopped();
    expect(stored().watermark).not.toBeNull();
    postgres.tableRows = [row("1"), row("2"), row("attached")];
    expect(await decided((operations, signal) => operations.repair(true, signal))).toMatchObject({
      backfills: true,
    });
    expect(stored()).toMatchObject({ pending: "backfill", watermark: null });
    start("two");
    await clock.advance(20_000);
    expect(ids()).toEqual(["1", "2", "attached"]);
    expect(stored().pending).toBeNull();
  });
});

describe("accept publication", () => {
  it("hides no change that was made while another halt stood", async () => {
    start("one");
    await clock.advance(100);
    postgres.touched = "altered and taken back";
    await clock.advance(6_000);
    expect(stored().halt?.message).toContain("was altered");
    postgres.publication = "another";
    await clock.advance(20_000);
    const { message } = await decided((operations, signal) => operations.acceptPublication(signal));
    expect(message).toContain("was altered");
    expect(message).toContain("is another one, or is set otherwise");
  });
});
