import { beforeEach, describe, expect, it } from "@jest/globals";
import { ReadPacer } from "../../../src/postgres/read-pacer.ts";
import { VirtualClock } from "../../support/model/virtual-clock.ts";

const SMALL = 400;
const FULL = 64 * 1024;

describe("read coalescing", () => {
  let clock: VirtualClock;
  let isReading: boolean;
  let pacer: ReadPacer;

  beforeEach(() => {
    clock = new VirtualClock();
    isReading = false;
    pacer = new ReadPacer(
      {
        pause: () => {
          isReading = false;
        },
        resume: () => {
          isReading = true;
        },
      },
      clock,
    );
    pacer.resume();
  });

  async function busy(): Promise<void> {
    pacer.turnEnded(SMALL, 300);
    await clock.advance(100);
    pacer.turnEnded(SMALL, 300);
  }

  it("does not rest below two thousand rows a second", async () => {
    for (let turn = 0; turn < 200; turn += 1) {
      await clock.advance(1);
      pacer.turnEnded(SMALL, 1);
      expect(isReading).toBe(true);
    }
  });

  it("rests for a millisecond after a turn that did not fill the buffer", async () => {
    await busy();
    expect(isReading).toBe(false);
    await clock.advance(1);
    expect(isReading).toBe(true);
  });

  it("reads on at once after a full turn", async () => {
    await busy();
    await clock.advance(1);
    pacer.turnEnded(FULL, 160);
    expect(isReading).toBe(true);
  });

  it("stops resting when the rows become few", async () => {
    await busy();
    await clock.advance(1_000);
    pacer.turnEnded(SMALL, 1);
    expect(isReading).toBe(true);
  });

  it("never ends a pause of the core, whether it begins before or during a rest", async () => {
    await busy();
    pacer.pause();
    await clock.advance(50);
    expect(isReading).toBe(false);
    pacer.turnEnded(SMALL, 300);
    await clock.advance(50);
    expect(isReading).toBe(false);
    pacer.resume();
    expect(isReading).toBe(true);
  });

  it("ends its rest when the core pauses and resumes within it", async () => {
    await busy();
    pacer.pause();
    pacer.resume();
    await clock.advance(1);
    expect(isReading).toBe(true);
  });
});
