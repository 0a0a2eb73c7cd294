import { describe, expect, it } from "@jest/globals";
import { load, MINIMAL, problemsOf } from "../../support/config/loading.ts";

describe("RELAY_TOPIC_TEMPLATE", () => {
  it.each([
    { RELAY_TOPIC_TEMPLATE: "events", RELAY_CHECKPOINT_TOPIC: "events" },
    { RELAY_TOPIC_TEMPLATE: "a.b", RELAY_CHECKPOINT_TOPIC: "a_b" },
    { RELAY_CHECKPOINT_TOPIC: "outbox.event.checkpoint" },
    { RELAY_TOPIC_TEMPLATE: "outbox-relay.checkpoint.outbox_relay" },
    { RELAY_TOPIC_TEMPLATE: "outbox-relay.checkpoint.${routedByValue}" },
    { RELAY_TOPIC_TEMPLATE: "__consumer_offsets" },
    { RELAY_TOPIC_TEMPLATE: "billing.events", RELAY_CHECKPOINT_TOPIC: "billing.events" },
  ])("that leads to a topic of the relay's or of Kafka's is a problem: %j", (env) => {
    const [problem, ...others] = problemsOf({ ...MINIMAL, ...env });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^RELAY_TOPIC_TEMPLATE \(.*no event may go to/);
    expect(problem).toContain("RELAY_CHECKPOINT_TOPIC");
  });

  it("may leave the whole name to the rows, each of which is checked then", () => {
    const { config } = load({ ...MINIMAL, RELAY_TOPIC_TEMPLATE: "${routedByValue}" });
    expect(config.topic.template).toBe("${routedByValue}");
  });
});
