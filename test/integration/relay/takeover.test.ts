import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import type { ReadRecord } from "../../support/relay/topic-reader.ts";
import { Workload } from "../../support/relay/workload.ts";
import { until } from "../../support/services.ts";

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("takeover");
});

afterEach(async () => {
  await fixture.close();
});

describe("two relays on one slot", () => {
  it("stand one behind the other: the second is ready, waits, and takes over when the first stops [36: L D O R]", async () => {
    const first = await fixture.streaming({ RELAY_INSTANCE_ID: "first" });
    const second = fixture.start({ RELAY_INSTANCE_ID: "second" });
    await second.reaches("standby");
    expect((await second.get("/readyz")).status).toBe(200);
    expect([(await first.get("/leader")).status, (await second.get("/leader")).status]).toEqual([
      200, 503,
    ]);
    await fixture.insert("k", '{"seq": 1}');
    await fixture.caughtUp(first);
    expect(await first.stop()).toBe(0);
    await second.reaches("streaming");
    await fixture.insert("k", '{"seq": 2}');
    await fixture.caughtUp(second);
    const metrics = await (await second.get("/metrics")).text();
    expect(metrics).toMatch(/^relay_leader_transitions_total\{slot="\w+",reason="acquired"\} 1$/m);
    expect(metrics).toMatch(/^relay_leader_transitions_total\{slot="\w+",reason="released"\} 0$/m);
    expect(metrics).toMatch(/^relay_takeover_duration_seconds_count\{slot="\w+"\} 1$/m);
    expect(await fixture.delivery()).toMatchObject({ ...ALL_DELIVERED, published: 2 });
  });

  it("hand over at once when the leader is told to stop, however seldom the other one looks", async () => {
    const first = await fixture.streaming({ RELAY_INSTANCE_ID: "first" });
    const second = fixture.start({
      RELAY_INSTANCE_ID: "second",
      RELAY_STANDBY_POLL_INTERVAL: "5m",
    });
    await second.reaches("standby");
    const workload = new Workload(fixture.database.url, { writers: 4 });
    workload.start();
    await publishes(first);
    const stoppedMs = performance.now();
    first.signal("SIGTERM");
    await until(async () => (await published(second)) > 0, 10_000, "the successor's first event");
    process.stdout.write(`handed over in ${Math.round(performance.now() - stoppedMs)} ms\n`);
    await workload.stop();
    await fixture.caughtUp(second);
    expect([await first.ended(), await fixture.delivery()]).toMatchObject([0, ALL_DELIVERED]);
  });

  it("do not write both: one that was frozen and wakes up after its successor took over cannot publish [12: L P D O]", async () => {
    const { successor } = await expectFrozenOneSilent({ RELAY_TRANSACTION_TIMEOUT: "1s" });
    await fixture.caughtUp(successor);
    expect(await fixture.delivery()).toMatchObject(ALL_DELIVERED);
  });

  it("do not write both without transactions either: what was read before the freeze is dropped [12: L P]", async () => {
    const { successor } = await expectFrozenOneSilent({ RELAY_DELIVERY: "at-least-once" });
    await fixture.caughtUp(successor);
    expect(await fixture.delivery()).toMatchObject({ lost: 0, phantom: 0 });
    const steps = stepsBack(await fixture.read());
    process.stdout.write(`positions went back ${JSON.stringify([...steps])}\n`);
    // Once at most, where the successor goes on behind the last checkpoint.
    expect([...steps.values()].filter((count) => count > 1)).toEqual([]);
  });
});

async function published(relay: RelayProcess): Promise<number> {
  return (await relay.status()).events.published;
}

async function publishes(relay: RelayProcess): Promise<void> {
  const seen = await published(relay);
  await until(async () => (await published(relay)) > seen + 20, 30_000, "more events");
}

/** Freezes a leader under load until another has taken over, and sees that it publishes nothing when it wakes up. */
async function expectFrozenOneSilent(
  delivery: Readonly<Record<string, string>>,
): Promise<{ readonly successor: RelayProcess }> {
  const settings = {
    RELAY_WAL_SENDER_TIMEOUT: "3s",
    RELAY_STATUS_INTERVAL: "1s",
    ...delivery,
  };
  const frozen = await fixture.streaming({ ...settings, RELAY_INSTANCE_ID: "frozen" });
  const workload = new Workload(fixture.database.url, { writers: 4 });
  workload.start();
  await publishes(frozen);
  frozen.signal("SIGSTOP");
  const successor = await fixture.streaming({ ...settings, RELAY_INSTANCE_ID: "successor" });
  await publishes(successor);
  frozen.signal("SIGCONT");
  await frozen.reaches("standby", null, 30_000);
  const before = await published(frozen);
  await publishes(successor);
  expect(await published(frozen)).toBe(before);
  await workload.stop();
  return { successor };
}

/** How often the positions in a partition go back. */
function stepsBack(records: readonly ReadRecord[]): ReadonlyMap<string, number> {
  const last = new Map<string, string>();
  const steps = new Map<string, number>();
  for (const { topic, partition, headers } of records) {
    const where = `${topic}-${partition}`;
    const position = headers["position"] ?? "";
    if (position <= (last.get(where) ?? "")) steps.set(where, (steps.get(where) ?? 0) + 1);
    last.set(where, position);
  }
  return steps;
}
