import { pause } from "../../../../src/demo/waiting.ts";

const POLL_INTERVAL_MS = 50;
/** More than this between two looks was somebody else's. */
const TURN_MS_MAX = 100;

/**
 * Polls until `holds`; false when it did not within `deadlineMs` of the time that this process got: what a busy machine keeps
 * from it, it keeps from relay and servers too. Throws the reason of `stop`.
 */
export async function holdsInOwnTime(
  deadlineMs: number,
  holds: () => boolean | Promise<boolean>,
  stop: AbortSignal,
): Promise<boolean> {
  let spentMs = 0;
  for (let lookedMs = performance.now(); !(await holds()); ) {
    const nowMs = performance.now();
    spentMs += Math.min(nowMs - lookedMs, TURN_MS_MAX);
    lookedMs = nowMs;
    if (spentMs >= deadlineMs) return false;
    await pause(POLL_INTERVAL_MS, stop);
  }
  return true;
}
