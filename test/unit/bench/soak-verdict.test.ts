import { describe, expect, it } from "@jest/globals";
import type { Sample } from "../../../bench/soak/verdict.ts";
import { judgeSoak, renderSoak } from "../../../bench/soak/verdict.ts";

const ALL = { written: 1_000, published: 1_000 };

function samples(count: number, of: (second: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    second: i + 1,
    phase: "steady",
    rssMb: 100,
    stallMs: 3,
    ownStallMs: 2,
    controlMs: 1,
    lagSeconds: 0,
    ...of(i + 1),
  }));
}

describe("the verdict of the soak", () => {
  it("passes when memory is flat, nothing stalls and all is published", () => {
    const verdict = judgeSoak(
      samples(600, (second) => ({ rssMb: 100 + (second % 7) })),
      ALL,
    );
    expect(verdict).toMatchObject({ rssMbMin: 100, rssMbMax: 106, problems: [] });
    expect(renderSoak(verdict)).toMatch(/\npassed\n$/);
  });

  it("forgives growth in the first half, which is warming up", () => {
    const verdict = judgeSoak(
      samples(600, (second) => ({ rssMb: 80 + Math.min(second, 280) / 4 })),
      ALL,
    );
    expect(verdict).toMatchObject({ rssGrowthMb: 0, problems: [] });
  });

  it("sees a slow leak in the second half behind the noise", () => {
    const verdict = judgeSoak(
      samples(600, (second) => ({ rssMb: 100 + second / 30 + (second % 11) })),
      ALL,
    );
    expect(verdict.problems).toEqual([
      expect.stringMatching(/^RSS grew by (?:9|10)\.\d MB over the second half$/),
    ]);
    expect(renderSoak(verdict)).toMatch(/\nnot passed\n$/);
  });

  it("names the phase of the longest stall", () => {
    const verdict = judgeSoak(
      samples(10, (second) =>
        second === 4 ? { stallMs: 70, ownStallMs: 51, phase: "burst" } : {},
      ),
      ALL,
    );
    expect(verdict).toMatchObject({
      stallMsMax: 70,
      ownStallMsMax: 51,
      stallPhase: "burst",
      problems: ["the event loop stood still for 51 ms"],
    });
  });

  it("shows what an idle process waited, and forgives nothing for it", () => {
    const verdict = judgeSoak(
      samples(10, (second) => (second === 4 ? { stallMs: 82, ownStallMs: 80, controlMs: 75 } : {})),
      ALL,
    );
    expect(renderSoak(verdict)).toContain("idle process beside it 75 ms");
    expect(verdict.problems).toEqual(["the event loop stood still for 80 ms"]);
  });

  it("does not blame the relay for a core that others had, and says how long they had it", () => {
    const verdict = judgeSoak(
      samples(10, (second) => (second === 4 ? { stallMs: 90, ownStallMs: 7 } : {})),
      ALL,
    );
    expect(renderSoak(verdict)).toContain("others had the core 90 ms\n");
    expect(verdict.problems).toEqual([]);
  });

  it("does not pass when rows are missing or repeated", () => {
    for (const published of [999, 1_001]) {
      const { problems } = judgeSoak(
        samples(10, () => ({})),
        { written: 1_000, published },
      );
      expect(problems).toEqual([`1000 rows written, ${published} published`]);
    }
  });
});
