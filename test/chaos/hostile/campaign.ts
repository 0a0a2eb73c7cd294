import { drawWorld } from "./plan/draw-world.ts";
import type { WorldPlan } from "./plan/world-plan.ts";
import { describeWorld, failureText } from "./report.ts";
import { runWorld } from "./stage/run-world.ts";
import type { HostileServers } from "./stage/servers.ts";
import { Totals } from "./totals.ts";

export interface CampaignOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly sideBySide: number;
}

export type Say = (text: string) => void;

/** Draws and runs worlds until the time is over, and tells of each failure. */
export async function runCampaign(
  options: CampaignOptions,
  servers: HostileServers,
  say: Say,
  stop: AbortSignal,
): Promise<Totals> {
  const totals = new Totals();
  const endMs = performance.now() + options.minutes * 60_000;
  let next = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < endMs && !stop.aborted) {
      const plan = drawWorld(options.seed, next);
      next += 1;
      await tryWorld(plan, { servers, totals, say, stop });
    }
  };
  await Promise.all(Array.from({ length: options.sideBySide }, work));
  return totals;
}

interface Parts {
  readonly servers: HostileServers;
  readonly totals: Totals;
  readonly say: Say;
  readonly stop: AbortSignal;
}

async function tryWorld(plan: WorldPlan, { servers, totals, say, stop }: Parts): Promise<void> {
  try {
    const outcome = await runWorld(plan, servers, stop);
    totals.add(plan, outcome);
    if (outcome.failures.length > 0) say(failureText(plan, outcome));
  } catch (error) {
    if (stop.aborted) return;
    const what = error instanceof Error ? error.stack : String(error);
    totals.addBroken(`${describeWorld(plan)}: ${what}`);
  }
}
