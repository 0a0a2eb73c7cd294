import type { Steps } from "./panels.ts";

const HOUR = 3_600;

/** Ages of events, s: those of the alert RelayLagHigh. */
export const LAG_STEPS: Steps = [
  [null, "green"],
  [60, "orange"],
  [600, "red"],
];
/** Time until the room for WAL is used up, s: those of the alert RelaySlotWalExhaustion. */
export const LEFT_STEPS: Steps = [
  [null, "red"],
  [HOUR, "orange"],
  [4 * HOUR, "green"],
];
/** 0 is good. */
export const NONE_STEPS: Steps = [
  [null, "green"],
  [1, "red"],
];
/** 1 is good. */
export const ONE_STEPS: Steps = [
  [null, "red"],
  [1, "green"],
  [2, "red"],
];
/** Shares, of which little is good. */
export const SHARE_STEPS: Steps = [
  [null, "green"],
  [0.01, "orange"],
  [0.1, "red"],
];
