import { describe, expect, it } from "@jest/globals";
import { RelayError } from "../../../src/relay/errors.ts";
import { StallWatch } from "../../../src/relay/watch.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

describe("a session that publishes nothing for too long", () => {
  it.each([
    ["NOT_ENOUGH_REPLICAS", "(the last error was NOT_ENOUGH_REPLICAS)"],
    [null, "(nothing was answered)"],
  ])("ends with the last cause that is known: %s", async (problem, text) => {
    const clock = new VirtualClock();
    const ends: RelayError[] = [];
    const work = {
      isStuck: () => true,
      isOpening: () => false,
      readingMs: () => 0,
      isUnconfirmed: () => false,
      problem: () => problem,
    };
    const watch = new StallWatch(clock, 1_000, work, (error) => ends.push(error));
    watch.start();
    await clock.advance(2_000);
    watch.stop();
    expect(ends[0]).toMatchObject({ code: "SINK_STALLED" });
    expect(ends[0]?.message).toContain(text);
  });
});
