import { describe, expect, it } from "@jest/globals";
import { failpoints } from "../../../src/ops/failpoints.ts";
import type { AnnounceMoment } from "../../../src/relay/observer.ts";

function planted(...specs: string[]): AnnounceMoment {
  const announce = failpoints(specs);
  if (announce === null) throw new Error(`${specs.join(",")} is no failpoint`);
  return announce;
}

function elapsedMs(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

describe("a failpoint", () => {
  it("strikes at its moment only, and only the time that it names", () => {
    const announce = planted("produce-acked=throw@2");
    announce("produce-acked");
    announce("end-acked");
    expect(() => announce("produce-acked")).toThrow("failpoint produce-acked");
    announce("produce-acked");
  });

  it("blocks for a time when it hangs with a duration", () => {
    const announce = planted("status-sent=hang:120ms", "fenced=hang:1s@2");
    expect(elapsedMs(() => announce("status-sent"))).toBeGreaterThan(100);
    expect(elapsedMs(() => announce("status-sent"))).toBeLessThan(100);
    expect(elapsedMs(() => announce("fenced"))).toBeLessThan(100);
    expect(elapsedMs(() => announce("fenced"))).toBeGreaterThan(900);
  });

  it.each([
    "produce-acked",
    "produce-acked=explode",
    "produce-acked=kill:5s",
    "a=hang:5m",
    "a=kill@0",
  ])("is not made of %s", (spec) => {
    expect(failpoints([spec])).toBeNull();
  });
});
