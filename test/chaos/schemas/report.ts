import { describeStep } from "./plan/step.ts";
import type { WorldPlan } from "./plan/world-plan.ts";
import type { WorldOutcome } from "./stage/world.ts";

const EXAMPLES_MAX = 6;
const OUTPUT_MAX = 3_000;

export function describeWorld({ seed, number, major }: WorldPlan): string {
  return `world ${number} of seed ${seed} on Postgres ${major}`;
}

/** The plan for people: what there is, then what is done. */
export function planText(plan: WorldPlan): string {
  const { role, snapshot, delivery, batchEvents, publication, prefersAccept } = plan;
  return [
    `role ${role}, snapshot ${snapshot}, ${delivery}, batches of ${batchEvents}, ${prefersAccept ? "accepts" : "repairs"}`,
    `publication ${JSON.stringify(publication)}`,
    ...plan.tables.map((table) => JSON.stringify(table)),
    ...plan.steps.map((step, number) => `${number}. ${describeStep(step)}`),
  ]
    .map((line) => `  ${line}\n`)
    .join("");
}

/** What one needs to look into a failed world. */
export function failureText(
  plan: WorldPlan,
  { failures, journal, output }: WorldOutcome,
  isWhole = true,
): string {
  const shown = failures.slice(0, EXAMPLES_MAX).map(({ kind, what }) => `  ${kind}: ${what}\n`);
  return [
    `${describeWorld(plan)} FAILED, ${failures.length} times:\n`,
    ...shown,
    "What was done:\n",
    ...journal.lines.map((line) => `  ${line}\n`),
    ...(isWhole ? [`Its plan as JSON: ${JSON.stringify(plan)}\n`] : []),
    `The relay's log ends:\n${output.slice(-OUTPUT_MAX)}\n`,
    `Repeat: npm run schemas -- --seed ${plan.seed} --world ${plan.number} --postgres ${plan.major}\n`,
  ].join("");
}
