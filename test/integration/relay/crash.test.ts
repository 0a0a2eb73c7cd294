import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { confirmedPastCheckpoint } from "../../support/chaos/ladder-check.ts";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/services.ts";

/** What is under way when the process dies, the rows of the fault matrix, and at which meeting of the moment. */
const FAILPOINTS: readonly (readonly [string, string, string])[] = [
  ["a BEGIN is decoded", "[1: L P D O I1 R]", "begin-decoded=kill@20"],
  ["a Produce request is written", "[1, 2: L P D O I1 R]", "produce-sent=kill@12"],
  ["the first broker has answered a Produce", "[2: L P D O I1 R]", "produce-answered=kill@12"],
  [
    "records and checkpoint are at the brokers, before EndTxn",
    "[3, 4: L P D O I1 R]",
    "produce-acked=kill@12",
  ],
  ["EndTxn is written, before its answer", "[5: L P D O I1 R]", "end-sent=kill@12"],
  ["EndTxn is answered, before the status update", "[6: L P D O I1 R]", "end-acked=kill@12"],
  ["a batch is settled", "[6: L P D O I1 R]", "batch-settled=kill@12"],
  ["a status update is sent", "[7: L P D O I1 R]", "status-sent=kill@3"],
  ["a transaction is split over several batches", "[8: L P D O I1 R]", "batch-split=kill@4"],
  ["the predecessors are fenced", "[9: L P D O I1 R]", "fenced=kill@1"],
  ["the barrier is committed", "[9: L P D O I1 R]", "barrier-committed=kill@1"],
  ["the stream has started", "[9: L P D O I1 R]", "stream-started=kill@1"],
];

let fixture: RelayFixture;
let seed = Date.now() % 10_000;

beforeAll(async () => {
  fixture = await RelayFixture.create("crash");
  await fixture.begin();
});

afterAll(async () => {
  await fixture.close();
});

/** Small batches, so that transactions are split and moments come often. */
const SMALL_BATCH_EVENTS = 50;
/** One that waits for its checkpoint, and one whose events are written meanwhile. */
const BATCHES_IN_FLIGHT = 2;
const SMALL = {
  RELAY_BATCH_MAX_EVENTS: String(SMALL_BATCH_EVENTS),
  RELAY_STATUS_INTERVAL: "200ms",
  RELAY_CHECKPOINT_INTERVAL: "200ms",
};

/** Writers are at work during `crashes`; afterwards one relay that nobody disturbs has to make it good. */
async function expectAllDeliveredAfter(crashes: () => Promise<void>): Promise<void> {
  const workload = new Workload(fixture.database.url, { seed: ++seed });
  process.stdout.write(`workload seed ${seed}\n`);
  workload.start();
  try {
    await crashes();
  } finally {
    await workload.stop();
  }
  const survivor = await fixture.streaming(SMALL);
  try {
    await fixture.caughtUp(survivor);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  } finally {
    await survivor.kill();
  }
}

describe("a relay that is killed", () => {
  it.each(FAILPOINTS)(
    "when %s leaves nothing lost, doubled or out of order %s",
    async (_when, _mark, failpoint) => {
      await expectAllDeliveredAfter(async () => {
        const doomed = fixture.start({ ...SMALL, RELAY_FAILPOINTS: failpoint });
        try {
          expect(await doomed.ended(60_000)).toBeNull();
          expect(await confirmedPastCheckpoint(fixture)).toBeLessThanOrEqual(0n);
        } finally {
          await doomed.kill();
        }
      });
    },
  );

  it("again and again while it starts still gets everything through in the end", async () => {
    await expectAllDeliveredAfter(async () => {
      for (let round = 0; round < 15; round++) {
        const relay = fixture.start(SMALL);
        await until(
          () => relay.lines.length > round % 2,
          20_000,
          () => relay.output,
        );
        await relay.kill();
      }
    });
  });

  it("every 300 ms for 20 s gets everything through once nobody kills it any more [10: L P D O R]", async () => {
    await expectAllDeliveredAfter(async () => {
      const endMs = performance.now() + 20_000;
      while (performance.now() < endMs) {
        const relay = fixture.start(SMALL);
        const killMs = performance.now() + 300;
        await until(() => performance.now() > killMs, 1_000, "300 ms");
        await relay.kill();
      }
    });
  });
});

describe("a relay that is asked to stop while thousands of rows are in flight", () => {
  it("drains in time, exits 0, and its successor misses and repeats nothing [11: L P D O]", async () => {
    const relay = await fixture.streaming({ RELAY_SHUTDOWN_TIMEOUT: "10s" });
    await fixture.client.query(
      "insert into outbox (aggregatetype, aggregateid, type, payload) select 'order', 'bulk', 'T', jsonb_build_object('seq', n) from generate_series(1, 10000) n",
    );
    const stopMs = performance.now();
    expect(await relay.stop()).toBe(0);
    expect(performance.now() - stopMs).toBeLessThan(12_000);
    await expectAllDeliveredAfter(() => Promise.resolve());
  });
});

describe("a relay that delivers at least once and is killed", () => {
  it.each([
    ["after the events and before the checkpoint", "produce-acked=kill@12"],
    ["after a batch is settled", "batch-settled=kill@12"],
  ])("%s loses nothing, and repeats only what was not checkpointed", async (_when, failpoint) => {
    const settings = { ...SMALL, RELAY_DELIVERY: "at-least-once" };
    const { duplicated: before } = await fixture.delivery();
    const workload = new Workload(fixture.database.url, { seed: ++seed });
    workload.start();
    const doomed = fixture.start({ ...settings, RELAY_FAILPOINTS: failpoint });
    try {
      expect(await doomed.ended(60_000)).toBeNull();
    } finally {
      await doomed.kill();
      await workload.stop();
    }
    const survivor = await fixture.streaming(settings);
    await fixture.caughtUp(survivor);
    await survivor.kill();
    const { lost, phantom, duplicated } = await fixture.delivery();
    expect({ lost, phantom }).toEqual({ lost: 0, phantom: 0 });
    expect(duplicated - before).toBeLessThanOrEqual(BATCHES_IN_FLIGHT * SMALL_BATCH_EVENTS);
  });
});
