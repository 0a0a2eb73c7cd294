import { planText } from "./plan/texts.ts";
import type { WorldPlan } from "./plan/world-plan.ts";
import type { WorldOutcome } from "./stage/run-world.ts";

const OUTPUT_MAX = 4_000;

export function describeWorld({ seed, number }: WorldPlan): string {
  return `world ${number} of seed ${seed}`;
}

/** What one needs to look into a failed world. */
export function failureText(plan: WorldPlan, { failures, lines, output }: WorldOutcome): string {
  return [
    `${describeWorld(plan)} FAILED:\n`,
    ...failures.map(({ kind, what }) => `  ${kind}: ${what}\n`),
    "Its plan:\n",
    planText(plan),
    "What was done:\n",
    ...lines.map((line) => `  ${line}\n`),
    `The relays' log ends:\n${output.slice(-OUTPUT_MAX)}\n`,
    `Repeat: npm run -s hostile -- --seed ${plan.seed} --world ${plan.number}\n`,
  ].join("");
}
