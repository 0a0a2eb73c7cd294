import type { FailureKind } from "./check/history.ts";
import { simplerPlans } from "./plan/simpler-plans.ts";
import type { WorldPlan } from "./plan/world-plan.ts";

/** Whether a plan still fails in one of the ways that are looked for. */
export type StillFails = (plan: WorldPlan) => Promise<boolean>;

/**
 * The smallest plan that is found within `triesMax` runs: steps are left out, first many at once, then the rest is made
 * plainer, as long as it fails in the same way.
 */
export async function shrink(
  plan: WorldPlan,
  stillFails: StillFails,
  triesMax: number,
): Promise<WorldPlan> {
  let smallest = plan;
  let tries = 0;
  for (;;) {
    let hasShrunk = false;
    for (const candidate of simplerPlans(smallest)) {
      if (tries >= triesMax) return smallest;
      tries += 1;
      if (!(await stillFails(candidate))) continue;
      smallest = candidate;
      hasShrunk = true;
      break;
    }
    if (!hasShrunk) return smallest;
  }
}

/** A failure of the same kind; of the harness itself there is none. */
export function isSameKind(kinds: ReadonlySet<FailureKind>, kind: FailureKind): boolean {
  return kinds.has(kind);
}
