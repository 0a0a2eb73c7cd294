import type { Mapping } from "./panels.ts";

const COLOURS = {
  starting: "light-blue",
  standby: "blue",
  streaming: "green",
  stalled: "orange",
  draining: "purple",
  failed: "red",
} as const;

export const STATE_MAPPINGS: Readonly<Record<string, Mapping>> = Object.fromEntries(
  Object.entries(COLOURS).map(([text, color], index) => [index + 1, { text, color, index }]),
);

/** The state of each relay as one number: the metric has one series for each state. */
export function stateNumbers(select: (metric: string, matcher: string) => string): string {
  return Object.keys(COLOURS)
    .map((state, at) => {
      const selector = select("relay_state", `state="${state}"`);
      return `sum by (slot, instance) (${selector}) * ${at + 1}`;
    })
    .join(" + ");
}
