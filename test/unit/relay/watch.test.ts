import { describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import type { PendingWork } from "../../../src/relay/watch.ts";
import { StallWatch } from "../../../src/relay/watch.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const IDLE: PendingWork = {
  isStuck: () => false,
  isOpening: () => false,
  readingMs: () => 0,
  isUnconfirmed: () => false,
  problem: () => null,
};

describe("a session that publishes nothing for too long", () => {
  it.each([
    ["NOT_ENOUGH_REPLICAS", "(the last error was NOT_ENOUGH_REPLICAS)"],
    [null, "(nothing was answered)"],
  ])("ends with the last cause that is known: %s", async (problem, text) => {
    const clock = new VirtualClock();
    const ends: RelayError[] = [];
    const work = { ...IDLE, isStuck: () => true, problem: () => problem };
    const watch = new StallWatch(clock, 1_000, work, (error) => ends.push(error));
    watch.start();
    await clock.advance(2_000);
    watch.stop();
    expect(ends[0]).toMatchObject({ code: "SINK_STALLED" });
    expect(ends[0]?.message).toContain(text);
  });

  it("tells the next step of what the sink was at when it was closed", () => {
    const details = { code: "KAFKA_THROTTLED", remedy: "retry", hint: "Raise it." } as const;
    const cause = new RelayError("a quota is used up", details);
    const closing = {
      code: "KAFKA_CLOSED",
      remedy: "retry",
      hint: "Nothing to do.",
      cause,
    } as const;
    const end = new RelayError("nothing could be published", { ...details, code: "SINK_STALLED" });
    const watch = new StallWatch(new VirtualClock(), 1_000, IDLE, () => undefined);
    const explained = watch.explained(end, [end, new RelayError("closed", closing)]);
    expect(explained).toMatchObject({ code: "SINK_STALLED", hint: "Raise it.", cause });
    expect((explained as RelayError).message).toContain("KAFKA_THROTTLED: a quota is used up");
  });
});
