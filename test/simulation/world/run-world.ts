import type { Violation } from "../oracle/oracle.ts";
import { gapAndRepair } from "./gap.ts";
import { Nemesis } from "./nemesis.ts";
import type { WorldPlan } from "./plan.ts";
import { promoteWithLoss } from "./promotion.ts";
import type { Trace } from "./world.ts";
import { World } from "./world.ts";

export interface WorldResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly crashes: number;
  readonly rows: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly plan: WorldPlan;
}

export interface RunOptions {
  readonly faults?: number;
  readonly only?: readonly string[];
  readonly trace?: Trace | null;
  readonly plan?: Partial<WorldPlan>;
}

const FAULTS = 80;
/** Of a world without synchronized slots to end in a promotion that loses data. */
const LOSSY_PROBABILITY = 0.3;

/** One world from its seed to its verdict. */
export async function runWorld(seed: number, options: RunOptions = {}): Promise<WorldResult> {
  const world = new World(seed, options.trace ?? null, options.plan);
  const nemesis = new Nemesis(world, options.only);
  await world.begin();
  const { violations } = world.oracle;
  for (let i = 0; i < (options.faults ?? FAULTS) && violations.length === 0; i++)
    await nemesis.strike();
  const { hasGap } = world.plan;
  if (violations.length === 0 && hasGap) await gapAndRepair(world);
  const isLossy =
    !hasGap &&
    !world.plan.isSynchronized &&
    !world.plan.changesCatalog &&
    world.clock.chance(LOSSY_PROBABILITY);
  if (violations.length === 0 && isLossy) await promoteWithLoss(world);
  if (violations.length === 0) await world.end();
  return {
    seed,
    violations,
    crashes: world.crashes,
    rows: world.oracle.history.rows.length,
    events: world.clock.events,
    virtualMs: world.clock.monotonicMs(),
    plan: world.plan,
  };
}
