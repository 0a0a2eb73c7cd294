import { updateResults } from "../support/proof-results.ts";
import type { CampaignTotals } from "./campaign.ts";
import type { SimulateOptions } from "./options.ts";

/** Keeps the figures of a campaign for docs/proof.md; worlds with hostile brokers are another proof than the others. */
export async function recordSimulation(
  { seed }: SimulateOptions,
  totals: CampaignTotals,
): Promise<void> {
  const { hostile } = totals;
  await updateResults(hostile === null ? "simulation" : "hostileSimulation", {
    date: new Date().toISOString().slice(0, 10),
    seed,
    worlds: totals.runs,
    crashes: totals.crashes,
    rows: totals.rows,
    events: totals.events,
    virtualHours: Math.round(totals.virtualMs / 360_000) / 10,
    failed: totals.failed.length,
    ...(hostile === null ? {} : { hostile }),
  });
}
