import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { RelayFixture } from "../../support/relay/fixture.ts";
import { Workload } from "../../support/relay/workload.ts";
import { kafkaClient, uniqueName, until } from "../../support/services.ts";

const KILLS = 12;

let fixture: RelayFixture;

beforeAll(async () => {
  fixture = await RelayFixture.create("live");
  // Makes the slot: what is written before there is one is nobody's to publish.
  await (await fixture.streaming()).kill();
});

afterAll(async () => {
  await fixture.close();
});

describe("a consumer at the end of the log", () => {
  it("sees each event once while relays are killed under load", async () => {
    /** Where each event was seen; a record that is read again has the same place. */
    const places = new Map<string, Set<string>>();
    const consumer = kafkaClient([...fixture.brokers]).consumer({
      groupId: uniqueName("live"),
      readUncommitted: false,
      maxWaitTimeInMs: 50,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...fixture.topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ partition, message }) => {
        const id = String(message.headers?.["id"]);
        const seen = places.get(id) ?? new Set();
        places.set(id, seen.add(`${partition}/${message.offset}`));
        return Promise.resolve();
      },
    });
    const workload = new Workload(fixture.database.url, { seed: 7, pauseMsMax: 2 });
    workload.start();
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const relay = await fixture.streaming({ RELAY_BATCH_MAX_EVENTS: kill % 2 ? "20" : "4000" });
        const enough = 100 + 40 * kill;
        await until(
          async () => (await relay.status()).events.published > enough,
          20_000,
          () => `${enough} events\n${relay.output}`,
        );
        await relay.kill();
      }
    } finally {
      await workload.stop();
    }
    const survivor = await fixture.streaming({ RELAY_CHECKPOINT_INTERVAL: "200ms" });
    await fixture.caughtUp(survivor);
    const { rows } = await fixture.client.query<{ id: string }>("select id::text from outbox");
    await until(
      () => rows.every(({ id }) => places.has(id)),
      30_000,
      () => `${rows.length} events, ${places.size} seen`,
    );
    await consumer.disconnect();
    expect([...places.values()].filter((seen) => seen.size > 1)).toEqual([]);
    expect(places.size).toBe(rows.length);
  });
});
