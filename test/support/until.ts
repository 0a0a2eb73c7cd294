import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 20;

/** Polls until `holds`, and fails after `deadlineMs` with what was waited for. The one place in the tests that waits by time. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
  what: string | (() => string),
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new Error(
        `waited ${deadlineMs} ms in vain for ${typeof what === "string" ? what : what()}`,
      );
    }
    await delay(POLL_INTERVAL_MS);
  }
}
