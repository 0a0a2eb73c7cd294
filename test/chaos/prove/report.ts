import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isClean } from "./check/check.ts";
import type { Verdict } from "./check/tally.ts";
import { FAULT_NAMES } from "./plan/fault-cards.ts";
import type { RunResult } from "./run.ts";
import type { RunOptions } from "./run-options.ts";

export function describeRun({ seed, minutes, major, brokers, delivery }: RunOptions): string {
  return `Postgres ${major}, ${brokers} broker${brokers > 1 ? "s" : ""}, ${delivery}, ${minutes} min, seed ${seed}`;
}

/** The verdict of a run for people: what was done to it, and a line for each letter. */
export function reportText(result: RunResult): string {
  const { options, counts, history, verdicts } = result;
  const faults = FAULT_NAMES.map((name) => `${counts.faults.get(name) ?? 0} ${name}`);
  return [
    `${describeRun(options)}: ${isClean(verdicts) ? "no violation" : "VIOLATED"}`,
    `  ${history.ledger.length} rows committed, ${history.records.length} records read, ` +
      `${counts.transactions} transactions, ${counts.brokenTransactions} of them broken off`,
    `  ${counts.kills} relays killed, ${counts.freezes} frozen and taken over; faults: ${faults.join(", ")}`,
    ...verdicts.map(verdictLine),
    "",
  ].join("\n");
}

function verdictLine({ letter, claim, checked, violations, note }: Verdict): string {
  const outcome = violations === 0 ? "holds" : `${violations} VIOLATIONS`;
  const extra = note === null ? "" : ` (${note})`;
  return `  ${letter.padEnd(2)}  ${outcome}: ${claim}; ${checked} checked${extra}`;
}

/** What one needs to look into a violation: how to repeat it, what was done, and the first offenders. */
export function violationText({ options, log, verdicts }: RunResult): string {
  const { seed, minutes, major, brokers, delivery, faults } = options;
  const isAll = faults.length === FAULT_NAMES.length;
  const offenders = verdicts
    .filter(({ violations }) => violations > 0)
    .flatMap(({ letter, examples }) => examples.map((example) => `  ${letter}: ${example}`));
  return [
    "Offenders:",
    ...offenders,
    "Faults, in seconds from the start of the load:",
    readFileSync(join(log.folder, "faults.log"), "utf8"),
    `Repeat the plan: npm run prove -- --seed ${seed} --minutes ${minutes} --postgres ${major} ` +
      `--brokers ${brokers} --delivery ${delivery}${isAll ? "" : ` --faults ${faults.join()}`}`,
    `Logs: ${log.folder}`,
    "",
  ].join("\n");
}
