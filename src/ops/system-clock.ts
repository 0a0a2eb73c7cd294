import type { Clock } from "../relay/clock.ts";

/** The real clock. A delay that is over already counts as none. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
