import { beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formerIds } from "../../../src/kafka/former-ids.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { KafkaSinkOptions } from "../../../src/kafka/kafka-sink-options.ts";
import { systemClock } from "../../../src/ops/system-clock.ts";
import type { RelayError } from "../../../src/relay/errors.ts";
import { InstantChannel } from "../../support/brokers/instant-channel.ts";
import { ModelCluster } from "../../support/brokers/model-cluster.ts";
import { MODEL_SINK_OPTIONS } from "../../support/brokers/sink-options.ts";

const OPTIONS = {
  slot: "orders",
  checkpointTopic: "outbox-relay.checkpoint.orders",
  transactionalIdPrefix: "outbox-relay.orders",
  transactionalIdFormer: null,
};
const FOREIGN: unknown = expect.objectContaining({
  code: "TRANSACTIONAL_ID_FOREIGN",
  remedy: "halt",
});

/** None where they are refused by name. */
function believed(
  names: readonly string[],
  transactionalIdFormer: string | null,
): readonly string[] {
  try {
    return formerIds(names, { ...OPTIONS, transactionalIdFormer });
  } catch (error) {
    if ((error as Partial<RelayError>).code === "TRANSACTIONAL_ID_FOREIGN") return [];
    throw error;
  }
}

describe("the ids that a successor fences", () => {
  it("are those of its own prefix, each once", () => {
    const ids = ["outbox-relay.orders-0", "outbox-relay.orders-7", "outbox-relay.orders-0"];
    expect(formerIds(ids, OPTIONS)).toEqual(["outbox-relay.orders-0", "outbox-relay.orders-7"]);
    expect(formerIds([], OPTIONS)).toEqual([]);
  });

  it.each([
    "payments-app-7",
    "outbox-relay.orders",
    "outbox-relay.orders-",
    "outbox-relay.orders-8",
    "outbox-relay.orders-00",
    "outbox-relay.orders-0-1",
    "outbox-relay.orders2-0",
    "xoutbox-relay.orders-0",
    "",
  ])("are none where one is another's: %s", (name) => {
    expect(() => formerIds(["outbox-relay.orders-0", name], OPTIONS)).toThrow(FOREIGN);
  });

  it("are never more than eight, nor another's, whatever the topic says", () => {
    const name = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.integer({ min: -3, max: 30 }).map((turn) => `outbox-relay.orders-${turn}`),
    );
    const settings = fc.constantFrom(null, "none", "outbox-relay.former");
    fc.assert(
      fc.property(fc.array(name, { maxLength: 40 }), settings, (names, transactionalIdFormer) => {
        const ids = believed(names, transactionalIdFormer);
        expect(ids.length).toBeLessThanOrEqual(8);
        for (const id of ids) expect(id).toMatch(/^outbox-relay\.orders-[0-7]$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are those of the prefix from before, too, where the settings say that there was one", () => {
    const options = { ...OPTIONS, transactionalIdFormer: "old" };
    expect(formerIds(["old-0", "old-1"], options)).toEqual(["old-0", "old-1"]);
    expect(() => formerIds(["older-0"], options)).toThrow(FOREIGN);
  });

  it("are passed over where the settings say that no other relay is left", () => {
    const options = { ...OPTIONS, transactionalIdFormer: "none" };
    expect(formerIds(["x", "outbox-relay.orders-1"], options)).toEqual(["outbox-relay.orders-1"]);
  });

  it("are named in the error without what a terminal obeys, and not at any length", () => {
    const name = `\u001b]0;owned\u0007${"x".repeat(1_000_000)}`;
    let message = "";
    try {
      formerIds([name], OPTIONS);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).toContain("1000010 characters");
    expect(message.length).toBeLessThan(600);
    expect(message).not.toContain("\u001b");
  });
});

describe("a sink whose checkpoint topic names another program's id", () => {
  let cluster: ModelCluster;

  beforeEach(() => {
    const random = (): number => Math.random();
    const options = { brokers: 1, transactionVersion: 2, random, markerDelayMsMax: 2 } as const;
    cluster = new ModelCluster(options, systemClock);
    cluster.createTopic(MODEL_SINK_OPTIONS.checkpointTopic, 1);
  });

  it("fences nothing and says so; with the former prefix set it does", async () => {
    const newSink = (settings: Partial<KafkaSinkOptions>): KafkaSink => {
      const channel = new InstantChannel(cluster, systemClock);
      const options = { ...MODEL_SINK_OPTIONS, ...settings };
      return new KafkaSink(options, { channel }, systemClock, () => undefined);
    };
    const { signal } = new AbortController();
    const checkpoint = Buffer.from("checkpoint");
    const other = newSink({ transactionalIdPrefix: "payments" });
    await other.open(signal);
    await expect(newSink({}).open(signal)).rejects.toEqual(FOREIGN);
    await other.publish({ records: [], checkpoint });
    await newSink({ transactionalIdFormer: "payments" }).open(signal);
    await expect(other.publish({ records: [], checkpoint })).rejects.toThrow(
      expect.objectContaining({ code: "FENCED" }),
    );
  });
});
