import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 50;

/** Waits, or throws the reason of `stop` as soon as there is one. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  stop.throwIfAborted();
  try {
    await delay(ms, undefined, { signal: stop });
  } catch (error) {
    stop.throwIfAborted();
    throw error;
  }
}

/** Polls until `holds`; false when it did not within `deadlineMs`. Throws the reason of `stop`. */
export async function holdsWithin(
  deadlineMs: number,
  holds: () => Promise<boolean>,
  stop: AbortSignal,
): Promise<boolean> {
  const endMs = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endMs) return false;
    await pause(POLL_INTERVAL_MS, stop);
  }
  return true;
}
