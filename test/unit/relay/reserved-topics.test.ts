import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ReservedTopics } from "../../../src/relay/event/reserved-topics.ts";
import { TopicTemplate } from "../../../src/relay/event/topic-template.ts";

const reserved = new ReservedTopics("checkpoints.mine");

describe("a topic that no row may go to", () => {
  it.each([
    "checkpoints.mine",
    "checkpoints_mine",
    "outbox-relay.checkpoint",
    "outbox-relay.checkpoint.other_slot",
    "outbox-relay_checkpoint_other_slot",
    "outbox-relay.dead-letter.x",
    "outbox-relay.parked.x",
    "__consumer_offsets",
    "__transaction_state",
    "__cluster_metadata",
    "__share_group_state",
    "_.remote_log_metadata",
    "_schemas",
    "_confluent-command",
  ])("is %s", (topic) => {
    expect(reserved.reason(topic)).not.toBeNull();
  });

  it.each([
    "outbox.event.order",
    "checkpoints.mine2",
    "Checkpoints.mine",
    "checkpoints-mine",
    "outbox-relay.orders",
    "outbox-relay.checkpoints",
    "OUTBOX-RELAY.CHECKPOINT.X",
    "_orders",
    "orders__consumer_offsets",
    "_schemas2",
  ])("is not %s", (topic) => {
    expect(reserved.reason(topic)).toBeNull();
  });
});

describe("a template", () => {
  it.each([
    "checkpoints.mine",
    "checkpoints_mine",
    "checkpoints.${routedByValue}",
    "${routedByValue}.mine",
    "outbox-relay.checkpoint.${routedByValue}",
    "outbox-relay.${routedByValue}",
    "outbox-relay_${routedByValue}.events",
    "outbox-${routedByValue}",
    "__${routedByValue}",
    "_${routedByValue}",
    "_schemas",
    "__consumer_offsets",
  ])("that can make such a name is named: %s", (template) => {
    expect(reserved.reachable(template)).not.toBeNull();
  });

  it.each([
    "${routedByValue}",
    "${routedByValue}.events",
    "outbox.event.${routedByValue}",
    "events",
    "outbox-relay.event.${routedByValue}",
    "checkpoints.${routedByValue}.event",
  ])("that cannot, or that leaves the beginning to the rows, is taken: %s", (template) => {
    expect(reserved.reachable(template)).toBeNull();
  });

  it("with a text in front of the place holder that is taken makes no reserved name, whatever the route", () => {
    const part = fc.constantFrom("outbox", "-relay", ".", "_", "checkpoint", "event", "mine", "s");
    const text = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, text, (before, after, route) => {
        fc.pre(before !== "");
        const template = `${before}\${routedByValue}${after}`;
        if (reserved.reachable(template) !== null) return;
        expect(reserved.reason(new TopicTemplate(template).topic(route))).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });
});
