import { describe, expect, it } from "@jest/globals";
import { HaltRecord } from "../../../src/relay/halt-record.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import { decodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import { SlotPreparation } from "../../../src/relay/slot-preparation.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { MODEL_OPTIONS, ModelRelay, modelPorts } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

describe("a slot that another relay has just now", () => {
  it("is judged by the relay that takes it next, unless it is to be made again: then nobody reads on from it", async () => {
    const clock = new VirtualClock();
    const postgres = new ModelPostgres();
    const cluster = new ModelCluster();
    postgres.tableRows = Array.from({ length: 100 }, (_, i) => ({ id: `row-${i}`, key: "k" }));
    const options = { snapshot: "initial", batchEventsMax: 2, bufferBytesMax: 300 } as const;
    new ModelRelay(postgres, new ModelSink(cluster, clock), clock, options);
    const sink = new ModelSink(cluster, clock);
    const ports = modelPorts(postgres, sink, clock, silentObserver());
    const preparation = new SlotPreparation(
      ports,
      MODEL_OPTIONS,
      new HaltRecord(ports, MODEL_OPTIONS),
    );
    const prepare = async (): Promise<unknown> => {
      const prepared = preparation.prepare(new AbortController().signal).catch((error) => error);
      await clock.advance(10);
      return prepared;
    };

    while (cluster.records.length < 20) await clock.advance(1);
    expect(decodeCheckpoint(cluster.checkpoints.at(-1) as Uint8Array).pending).toBe("backfill");
    expect(await prepare()).toMatchObject({ code: "SLOT_BUSY", remedy: "standby" });

    await clock.advance(5_000);
    expect(cluster.records).toHaveLength(100);
    expect(await prepare()).toBeNull();
  });
});
