import { randomInt } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { checkHistory } from "./prove/check/check.ts";
import type { History } from "./prove/check/history.ts";
import { FAULT_NAMES } from "./prove/plan/fault-cards.ts";
import { reportText, violationText } from "./prove/report.ts";
import type { RunResult } from "./prove/run.ts";
import { run } from "./prove/run.ts";
import type { RunOptions } from "./prove/run-options.ts";

/** Servers, drain and reading come on top of the faults' own time. */
const DEADLINE_MS = 10 * 60_000;

const SEED = randomInt(1_000_000);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A run without violations leaves no logs behind; any other fails with all that is known of it. */
async function prove(options: Pick<RunOptions, "minutes" | "major" | "brokers" | "delivery">) {
  say(`chaos seed ${SEED}, ${JSON.stringify(options)}`);
  const result = await run({ ...options, seed: SEED, faults: FAULT_NAMES }, say);
  say(reportText(result));
  if (violated(result.history).length > 0) throw new Error(violationText(result));
  result.log.remove();
  return result;
}

function violated(history: History): string[] {
  return checkHistory(history)
    .filter(({ violations }) => violations > 0)
    .map(({ letter }) => letter);
}

function without<T>(items: readonly T[], index: number): T[] {
  return items.filter((_, i) => i !== index);
}

describe("two relays, while everything around them breaks", () => {
  it(
    "publish exactly once in commit order, and the checker would have noticed if not [12, 15, 16, 17, 20, 29, 36, 47, 48, 49, 73, 74: L P D O B I1 C R M W]",
    async () => {
      const { history, counts }: RunResult = await prove({
        minutes: 2.5,
        major: 18,
        brokers: 3,
        delivery: "exactly-once",
      });
      expect(history.ledger.length).toBeGreaterThan(1_000);
      expect(counts.kills).toBeGreaterThan(5);
      const middle = Math.floor(history.records.length / 2);
      const gone = { ...history, records: without(history.records, middle) };
      expect(violated(gone)).toEqual(["L", "P"]);
      const phantom = { ...history, ledger: without(history.ledger, middle) };
      expect(violated(phantom)).toContain("P");
      const backwards = { ...history, records: history.records.toReversed() };
      expect(violated(backwards)).toEqual(["O"]);
      const checkpointEnd = (history.checkpoints[0]?.offset ?? 0) + 1;
      const early = history.samples.map((sample) => ({ ...sample, checkpointEnd }));
      expect(violated({ ...history, samples: early })).toContain("I1");
    },
    DEADLINE_MS,
  );

  it(
    "lose nothing in at-least-once delivery, and repeat only what can be recognised [12, 15, 36: L P D O B I1 C R M W]",
    async () => {
      const { history } = await prove({
        minutes: 1.5,
        major: 14,
        brokers: 1,
        delivery: "at-least-once",
      });
      expect(history.ledger.length).toBeGreaterThan(1_000);
    },
    DEADLINE_MS,
  );
});
