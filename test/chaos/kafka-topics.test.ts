import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Halt } from "../support/chaos/halt.ts";
import { publishes, RECOVERY_MS } from "../support/chaos/load.ts";
import { underLoad } from "../support/chaos/under-load.ts";
import { ALL_DELIVERED, checkDelivery } from "../support/relay/delivery-check.ts";
import { RelayFixture } from "../support/relay/fixture.ts";
import type { RelayProcess } from "../support/relay/relay-process.ts";
import type { ReadRecord } from "../support/relay/topic-reader.ts";
import { createTopics, until, withAdmin } from "../support/services.ts";

let fixture: RelayFixture;
let relay: RelayProcess;

beforeEach(async () => {
  fixture = await RelayFixture.create("topics", { partitions: 4 });
  relay = await fixture.streaming({ RELAY_RETRY_MAX: "500ms", RELAY_KAFKA_METADATA_MAX_AGE: "1s" });
});

afterEach(() => fixture.close());

/** Positions of each key, by the partition they are in. */
function positionsByKey(records: readonly ReadRecord[]): Map<string, Map<number, string[]>> {
  const keys = new Map<string, Map<number, string[]>>();
  for (const { key, partition, headers } of records) {
    const partitions = keys.get(key ?? "") ?? new Map<number, string[]>();
    partitions.set(partition, [...(partitions.get(partition) ?? []), headers["position"] ?? ""]);
    keys.set(key ?? "", partitions);
  }
  return keys;
}

describe("a topic that gets more partitions under load", () => {
  it("keeps order in each partition, and a key changes its partition once, with all of its past committed before [42: L D O R]", async () => {
    const [topic = ""] = fixture.topics;
    await underLoad(
      fixture,
      async () => {
        await publishes(relay, 50);
        await withAdmin((admin) =>
          admin.createPartitions({ topicPartitions: [{ topic, count: 8 }] }),
        );
        await until(
          async () => (await fixture.read()).some(({ partition }) => partition >= 4),
          RECOVERY_MS,
          "a record in one of the new partitions",
        );
        await publishes(relay, 50);
      },
      { writers: 16 },
    );
    await fixture.caughtUp(relay);
    const records = await fixture.read();
    const moved = [...positionsByKey(records).values()].filter(({ size }) => size > 1);
    expect(moved.length).toBeGreaterThan(0);
    for (const partitions of moved) {
      const [before = [], after = [], ...more] = [...partitions.values()].toSorted((a, b) =>
        (a[0] ?? "") < (b[0] ?? "") ? -1 : 1,
      );
      expect(more).toEqual([]);
      expect((before.at(-1) ?? "") < (after[0] ?? "")).toBe(true);
    }
    // A consumer of several partitions may read a key's later part first, so order is looked at by position.
    const byPosition = records.toSorted((a, b) =>
      (a.headers["position"] ?? "") < (b.headers["position"] ?? "") ? -1 : 1,
    );
    expect(await checkDelivery(fixture.client, "outbox", byPosition)).toMatchObject(ALL_DELIVERED);
    expect(await checkDelivery(fixture.client, "outbox", withoutSeq(records))).toMatchObject(
      ALL_DELIVERED,
    );
  });

  /** Leaves only the order of positions within partitions to be checked. */
  function withoutSeq(records: readonly ReadRecord[]): ReadRecord[] {
    return records.map((record) => ({ ...record, value: null }));
  }
});

describe("an output topic that is deleted under load", () => {
  async function ids(): Promise<Set<string>> {
    const { rows } = await fixture.client.query<{ id: string }>("select id::text from outbox");
    return new Set(rows.map(({ id }) => id));
  }

  /** Everything written once the topic was gone is in the new one, once and in order. */
  async function expectAllDeliveredSince(former: ReadonlySet<string>): Promise<void> {
    await relay.reaches("streaming", null, RECOVERY_MS);
    await fixture.caughtUp(relay, RECOVERY_MS);
    const records = await fixture.read();
    const report = await checkDelivery(fixture.client, "outbox", records);
    expect(report).toMatchObject({ duplicated: 0, phantom: 0, outOfOrder: 0 });
    const seen = new Set(records.map(({ headers }) => headers["id"]));
    const since = [...(await ids())].filter((id) => !former.has(id));
    expect(since.length).toBeGreaterThan(0);
    expect(since.filter((id) => !seen.has(id))).toEqual([]);
  }

  async function deleteTopic(): Promise<ReadonlySet<string>> {
    await withAdmin((admin) => admin.deleteTopics({ topics: [...fixture.topics] }));
    return ids();
  }

  it("halts the relay until it is created again, and nothing since is missing [43: H L D O R]", async () => {
    let former: ReadonlySet<string> = new Set();
    await underLoad(fixture, async () => {
      await publishes(relay, 20);
      former = await deleteTopic();
      await relay.reaches("failed", "TOPIC_MISSING");
      const halt = new Halt(fixture);
      await halt.expect(relay, "TOPIC_MISSING", () => fixture.insert("k", '{"seq": 1}'));
      await halt.expectNothingConfirmed();
      await createTopics(fixture.topics, { partitions: 4 });
    });
    await expectAllDeliveredSince(former);
  });

  it("and created again at once costs nothing that came since [43: L D O R]", async () => {
    let former: ReadonlySet<string> = new Set();
    await underLoad(fixture, async () => {
      await publishes(relay, 20);
      former = await deleteTopic();
      await createTopics(fixture.topics, { partitions: 4 });
      await publishes(relay, 20);
    });
    await expectAllDeliveredSince(former);
    expect(relay.output).toMatch(/UNKNOWN_TOPIC_OR_PARTITION|TOPIC_MISSING|NOT_LEADER/);
  });
});
