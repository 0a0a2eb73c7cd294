import { checkMemory, checkRecovery, checkRetained } from "./check-bounds.ts";
import { checkContent } from "./check-content.ts";
import {
  checkAcknowledged,
  checkDuplicates,
  checkNoneLost,
  checkNoPhantom,
} from "./check-events.ts";
import { checkOrder } from "./check-order.ts";
import { checkCheckpoints, checkConfirmed } from "./check-progress.ts";
import type { History } from "./history.ts";
import type { Verdict } from "./tally.ts";

/** A verdict for each letter of the checker. Pure: the same history, the same verdicts. */
export function checkHistory(history: History): Verdict[] {
  return [
    checkAcknowledged(history),
    checkNoneLost(history),
    checkNoPhantom(history),
    checkDuplicates(history),
    checkOrder(history),
    checkContent(history),
    checkConfirmed(history),
    checkCheckpoints(history),
    checkRecovery(history),
    checkMemory(history),
    checkRetained(history),
  ];
}

export function isClean(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(({ violations }) => violations === 0);
}
