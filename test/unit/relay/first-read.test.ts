import { beforeEach, describe, expect, it } from "@jest/globals";
import { textOf } from "../../../src/relay/event/ascii.ts";
import { ModelCluster, ModelSink } from "../../support/model/model-kafka.ts";
import { ModelPostgres } from "../../support/model/model-postgres.ts";
import { ModelRelay } from "../../support/model/model-relay.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

let clock: VirtualClock;
let postgres: ModelPostgres;
let cluster: ModelCluster;
let sink: ModelSink;

beforeEach(async () => {
  clock = new VirtualClock();
  postgres = new ModelPostgres();
  cluster = new ModelCluster();
  sink = new ModelSink(cluster, clock);
  const first = new ModelRelay(postgres, sink, clock);
  await clock.advance(50);
  const begun = postgres.confirmed;
  postgres.commit([
    { id: "1", key: "k" },
    { id: "2", key: "k" },
  ]);
  // Long enough for a checkpoint that covers the end of the transaction, too.
  await clock.advance(20_000);
  first.stop();
  await clock.advance(50);
  await first.ended;
  // What the checkpoint covers comes again, as after a relay that died before it confirmed.
  postgres.confirmed = begun;
});

function publishedIds(): string[] {
  return cluster.records.map(({ headers }) => textOf(headers[0]?.value as Uint8Array));
}

describe("what the first read of a stream brings, before the checkpoint is known", () => {
  it.each([1, 2, 3, 4, 5])(
    "halts at a row that cannot be published, although all rows before it turn out to be published (%i messages)",
    async (messages) => {
      postgres.commit([{ id: "bad", key: null }]);
      postgres.firstReadMessages = messages;
      const opens = postgres.opens;
      const relay = new ModelRelay(postgres, sink, clock);
      await clock.advance(30_000);
      expect(relay.relay.state.name).toBe("failed");
      expect(relay.relay.state.reason?.code).toBe("ROW_NULL");
      // It looks again and again, as it does at every halt, and says nothing else meanwhile.
      expect(postgres.opens - opens).toBeGreaterThan(2);
      const states = relay.states.map(({ name }) => name);
      expect(states.slice(states.indexOf("failed"))).toEqual(["failed"]);
      expect(publishedIds()).toEqual(["1", "2"]);
    },
  );

  it("drops rows that are published, and publishes the others", async () => {
    postgres.commit([{ id: "3", key: "k" }]);
    postgres.firstReadMessages = 7;
    const relay = new ModelRelay(postgres, sink, clock);
    await clock.advance(1_000);
    expect(relay.relay.state).toMatchObject({ name: "streaming", reason: null });
    expect(publishedIds()).toEqual(["1", "2", "3"]);
  });

  it("lets a relay stop at once when it covers everything", async () => {
    postgres.firstReadMessages = 5;
    const relay = new ModelRelay(postgres, sink, clock);
    let hasEnded = false;
    void relay.ended.then(() => {
      hasEnded = true;
    });
    relay.stop();
    await clock.advance(1_000);
    expect(hasEnded).toBe(true);
    expect(publishedIds()).toEqual(["1", "2"]);
  });
});
