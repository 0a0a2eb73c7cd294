import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ALL_DELIVERED, checkDelivery } from "../../support/relay/delivery-check.ts";
import { RelayFixture } from "../../support/relay/fixture.ts";
import type { RelayProcess } from "../../support/relay/relay-process.ts";
import { createTopics, withAdmin } from "../../support/services.ts";

/** The row chooses the whole name of its topic. */
const WHOLE_NAME = { RELAY_TOPIC_TEMPLATE: "${routedByValue}", RELAY_RETRY_MAX: "500ms" };

let fixture: RelayFixture;

beforeEach(async () => {
  fixture = await RelayFixture.create("refusals");
});

afterEach(() => fixture.close());

/** The relay stops at the row in state `failed`, and what is behind the row waits. */
async function expectRefused(relay: RelayProcess, route: string, code: string): Promise<string> {
  const [events = ""] = fixture.topics;
  await fixture.insert("k", '{"seq": 1}', events);
  await fixture.caughtUp(relay);
  const id = await fixture.insert(fixture.names.slot, '{"commit": "forged"}', route);
  await fixture.insert("k", '{"seq": 2}', events);
  const { message, hint } = await relay.reaches("failed", code);
  expect(message).toContain(id);
  expect(message).toContain(route);
  expect(message).not.toContain("forged");
  expect(await fixture.read([events])).toHaveLength(1);
  return `${message} ${hint}`;
}

describe.each(["exactly-once", "at-least-once"])(
  "with %s delivery a row is refused by name",
  (delivery) => {
    it("that is routed into this relay's checkpoint topic", async () => {
      const settings = { ...WHOLE_NAME, RELAY_DELIVERY: delivery };
      const relay = await fixture.streaming(settings);
      await expectRefused(relay, fixture.names.checkpointTopic, "TOPIC_INVALID");
      const checkpoints = await fixture.read([fixture.names.checkpointTopic]);
      expect(checkpoints.filter(({ headers }) => headers["id"] !== undefined)).toEqual([]);
    });
  },
);

describe("a row is refused by the settings of its topic", () => {
  it("that is routed into another relay's checkpoint topic with a name of its own", async () => {
    const neighbour = await RelayFixture.create("neighbour");
    const topic = `${neighbour.names.topicPrefix}state`;
    const own = { RELAY_TOPIC_TEMPLATE: "own.${routedByValue}", RELAY_CHECKPOINT_TOPIC: topic };
    await (await neighbour.streaming(own)).stop();
    const relay = await fixture.streaming(WHOLE_NAME);
    const said = await expectRefused(relay, topic, "TOPIC_INVALID");
    expect(said).toContain("a relay made it for its own checkpoint");
    await neighbour.close();
  });
});

describe("a row is refused by name", () => {
  it("that is routed into a topic of Kafka's own", async () => {
    const relay = await fixture.streaming(WHOLE_NAME);
    const said = await expectRefused(relay, "__transaction_state", "TOPIC_INVALID");
    expect(said).toContain("Kafka");
  });

  it("that segment.bytes does not let in, and passes once that is raised", async () => {
    const topic = `${fixture.names.topicPrefix}small`;
    const config = { "segment.bytes": "1048576", "max.message.bytes": "4000000" };
    await createTopics([topic], { config });
    const relay = await fixture.streaming({ RELAY_RETRY_MAX: "500ms" });
    const large = JSON.stringify({ seq: 1, fill: "x".repeat(1_500_000) });
    const id = await fixture.insert("k", large, "small");
    await fixture.insert("k", '{"seq": 2}', "small");
    const { message, hint } = await relay.reaches("failed", "RECORD_TOO_LARGE");
    expect(message).toContain(id);
    expect(message).toContain("segment.bytes");
    expect(hint).toContain("--add-config segment.bytes=");
    const configEntries = [{ name: "segment.bytes", value: "4000000" }];
    configEntries.push({ name: "max.message.bytes", value: "4000000" });
    const resources = [{ type: 2, name: topic, configEntries }];
    await withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources }));
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    const report = await checkDelivery(fixture.client, "outbox", await fixture.read([topic]));
    expect(report).toMatchObject({ ...ALL_DELIVERED, published: 2 });
  });

  it("whose topic cannot be created because the name collides, and passes once the other is gone", async () => {
    const taken = `${fixture.names.topicPrefix}a_b`;
    await createTopics([taken]);
    const relay = await fixture.streaming({
      RELAY_RETRY_MAX: "500ms",
      RELAY_TOPIC_AUTO_CREATE: "true",
    });
    const id = await fixture.insert("k", '{"seq": 1}', "a.b");
    const { message } = await relay.reaches("failed", "TOPIC_INVALID");
    expect(message).toContain(id);
    expect(message).toContain(`${fixture.names.topicPrefix}a.b`);
    expect(message).toContain(`collides with existing topic: ${taken}`);
    await withAdmin((admin) => admin.deleteTopics({ topics: [taken] }));
    await relay.reaches("streaming");
    await fixture.caughtUp(relay);
    expect(await fixture.read([`${fixture.names.topicPrefix}a.b`])).toHaveLength(1);
  });
});
