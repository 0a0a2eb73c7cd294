import { describe, expect, it } from "@jest/globals";
import { simulate } from "./campaign.ts";
import type { WorldResult } from "./world/run-world.ts";
import { runWorld } from "./world/run-world.ts";

const FIXED = { seed: 1, runs: 100 };
const FRESH_RUNS = 50;
const HOSTILE_RUNS = 25;
/** For a machine that is busy with other work: a world that stands still ends by its virtual time. */
const DEADLINE_MS = 30 * 60_000;

function told(failed: readonly WorldResult[]): unknown {
  return failed.map(({ seed, violations }) => ({ seed, violations }));
}

describe("the relay in a simulated world", () => {
  it(
    "loses, repeats, invents and reorders nothing, from seeds that never change",
    async () => {
      const { failed, crashes } = await simulate({ ...FIXED, faults: [] });
      expect(told(failed)).toEqual([]);
      expect(crashes).toBeGreaterThan(1_000);
    },
    DEADLINE_MS,
  );

  it(
    "nor from seeds that nobody has tried",
    async () => {
      const seed = Date.now() % 2 ** 31;
      process.stdout.write(`npm run simulate -- --seed ${seed} --runs ${FRESH_RUNS}\n`);
      const { failed } = await simulate({ seed, runs: FRESH_RUNS, faults: [] });
      expect(told(failed)).toEqual([]);
    },
    DEADLINE_MS,
  );

  it.each([
    ["seeds that never change", () => 1],
    ["other seeds", () => 9_001],
  ])(
    "goes on or names the cause, and ends when it is asked to, whatever brokers answer, from %s",
    async (_, draw) => {
      const seed = draw();
      process.stdout.write(`npm run simulate -- --hostile --seed ${seed} --runs ${HOSTILE_RUNS}\n`);
      const { failed, hostile } = await simulate({
        seed,
        runs: HOSTILE_RUNS,
        faults: [],
        isHostile: true,
      });
      expect(told(failed)).toEqual([]);
      expect(hostile?.met).toBeGreaterThan(HOSTILE_RUNS);
    },
    DEADLINE_MS,
  );

  it("does the same, step by step, from the same seed", async () => {
    const [first, second] = await Promise.all([stepsOf(7), stepsOf(7)]);
    expect(second).toEqual(first);
    expect(first.length).toBeGreaterThan(200);
  });
});

async function stepsOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await runWorld(seed, { faults: 20, trace: (line) => lines.push(line) });
  return lines;
}
