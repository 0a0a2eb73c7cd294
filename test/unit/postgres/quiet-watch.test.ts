import { describe, expect, it } from "@jest/globals";
import { QuietWatch } from "../../../src/postgres/quiet-watch.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

function watchOf(limitMs: number) {
  const clock = new VirtualClock();
  const seen = { asked: 0, givenUp: 0 };
  const watch = new QuietWatch(clock, limitMs, {
    ask: () => {
      seen.asked += 1;
    },
    giveUp: () => {
      seen.givenUp += 1;
      watch.stop();
    },
  });
  watch.start();
  return { clock, seen, watch };
}

describe("the watch over a quiet link", () => {
  it("asks after half of the limit, gives up after all of it, and within a quarter more", async () => {
    const { clock, seen } = watchOf(1_000);
    await clock.advance(500);
    expect(seen).toEqual({ asked: 0, givenUp: 0 });
    await clock.advance(250);
    expect(seen).toEqual({ asked: 1, givenUp: 0 });
    await clock.advance(250);
    expect(seen.givenUp).toBe(0);
    await clock.advance(250);
    expect(seen.givenUp).toBe(1);
    await clock.advance(10_000);
    expect(seen.givenUp).toBe(1);
  });

  it("never gives up within the limit after a byte, whenever that came", async () => {
    const { clock, seen, watch } = watchOf(1_000);
    for (let gapMs = 1; gapMs <= 1_000; gapMs += 37) {
      await clock.advance(gapMs);
      watch.heard();
    }
    expect(seen.givenUp).toBe(0);
    await clock.advance(1_000);
    expect(seen.givenUp).toBe(0);
    await clock.advance(250);
    expect(seen.givenUp).toBe(1);
  });

  it("does not judge while suspended, and gives a full limit afterwards", async () => {
    const { clock, seen, watch } = watchOf(1_000);
    await clock.advance(900);
    watch.suspend();
    await clock.advance(60_000);
    watch.resume();
    await clock.advance(1_000);
    expect(seen.givenUp).toBe(0);
    await clock.advance(250);
    expect(seen.givenUp).toBe(1);
  });

  it("is silent once stopped", async () => {
    const { clock, seen, watch } = watchOf(1_000);
    watch.stop();
    await clock.advance(60_000);
    expect(seen).toEqual({ asked: 0, givenUp: 0 });
  });
});
