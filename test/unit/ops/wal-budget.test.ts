import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { exhaustionSeconds, WalGrowth, walRoom } from "../../../src/ops/wal-budget.ts";

const STEP_MS = 5_000;
const MIB = 1024 ** 2;

/** The growth after `looks` looks, five seconds apart, at what `retained` says of each second. */
function growthOf(looks: number, retained: (second: number) => number): number | null {
  const growth = new WalGrowth();
  for (let look = 0; look < looks; look += 1) {
    const atMs = look * STEP_MS;
    growth.add({ atMs, retainedBytes: retained(atMs / 1_000) });
  }
  return growth.bytesPerSecond;
}

describe("the growth of retained WAL", () => {
  it("is not told before there is a minute of looks", () => {
    expect(growthOf(0, () => 0)).toBeNull();
    expect(growthOf(12, (second) => second * MIB)).toBeNull();
    expect(growthOf(13, (second) => second * MIB)).toBe(MIB);
  });

  it("is the rate of a steady rise or fall, whatever the number of looks", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 13, max: 200 }),
        fc.integer({ min: -50, max: 50 }),
        (looks, mibPerSecond) => {
          const rate = growthOf(looks, (second) => (100_000 + second * mibPerSecond) * MIB) ?? 0;
          expect(Math.abs(rate - mibPerSecond * MIB)).toBeLessThanOrEqual(
            Math.abs(mibPerSecond * MIB) * 0.1,
          );
        },
      ),
    );
  });

  it("is nothing for a slot that lets WAL go in steps and keeps up", () => {
    const sawtooth = (period: number) => (second: number) => (second % period) * 100 * MIB;
    for (const period of [15, 20, 30]) {
      expect(Math.abs(growthOf(60, sawtooth(period)) ?? Infinity)).toBeLessThan(4 * MIB);
    }
  });

  it("shows within a minute that a slot no longer lets anything go", () => {
    const stuckAt = 300;
    const retained = (second: number): number =>
      second < stuckAt ? (second % 15) * MIB : (second - stuckAt) * 100 * MIB;
    expect(growthOf(60 + 36, retained)).toBeGreaterThan(10 * MIB);
  });

  it("forgets what is older than five minutes, and all of it when told to", () => {
    expect(growthOf(200, (second) => (second < 500 ? second * MIB : 0))).toBe(0);
    const growth = new WalGrowth();
    for (let look = 0; look < 20; look += 1)
      growth.add({ atMs: look * STEP_MS, retainedBytes: look });
    growth.clear();
    expect(growth.bytesPerSecond).toBeNull();
  });

  it("holds no more than a window of samples, whatever the pauses between them", () => {
    const growth = new WalGrowth();
    growth.add({ atMs: 0, retainedBytes: 0 });
    growth.add({ atMs: 3_600_000, retainedBytes: 100 * MIB });
    expect(growth.bytesPerSecond).toBeNull();
  });
});

describe("the room for WAL", () => {
  it("is what Postgres says is safe, or what the operator's budget leaves, or not known", () => {
    expect(walRoom({ retainedBytes: 10, safeWalBytes: 90 }, 0)).toEqual({
      limit: "slot",
      bytes: 90,
    });
    expect(walRoom({ retainedBytes: 10, safeWalBytes: null }, 100)).toEqual({
      limit: "disk",
      bytes: 90,
    });
    expect(walRoom({ retainedBytes: 10, safeWalBytes: null }, 0)).toBeNull();
    expect(walRoom({ retainedBytes: null, safeWalBytes: null }, 100)).toBeNull();
  });

  it("is the smaller one where there are two", () => {
    const slot = { retainedBytes: 60, safeWalBytes: 50 };
    expect(walRoom(slot, 100)).toEqual({ limit: "disk", bytes: 40 });
    expect(walRoom(slot, 200)).toEqual({ limit: "slot", bytes: 50 });
  });
});

describe("the time until it is used up", () => {
  const room = { limit: "slot", bytes: 1_000 } as const;

  it("is the room by the rate", () => {
    expect(exhaustionSeconds(room, 10)).toBe(100);
  });

  it("is not told where the rate is not known, not positive, or the room is not known", () => {
    expect(exhaustionSeconds(room, null)).toBeNull();
    expect(exhaustionSeconds(room, 0)).toBeNull();
    expect(exhaustionSeconds(room, -10)).toBeNull();
    expect(exhaustionSeconds(null, 10)).toBeNull();
  });

  it("is over when there is no room, at whatever rate", () => {
    expect(exhaustionSeconds({ limit: "slot", bytes: 0 }, null)).toBe(0);
    expect(exhaustionSeconds({ limit: "disk", bytes: -5 }, -10)).toBe(0);
  });
});
