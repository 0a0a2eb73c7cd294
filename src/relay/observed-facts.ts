import type { Vantage } from "./capture/source-database.ts";
import type { RelayOptions } from "./options.ts";
import type { ContinuityFacts } from "./settle/continuity.ts";

/** The part of the facts that settings and a look from the control connection give. */
export function observedFacts(
  options: RelayOptions,
  { systemId, databaseOid, publication, catalog, tree, witness }: Vantage,
): Omit<ContinuityFacts, "checkpoint" | "slot" | "lineage"> {
  const { slot: name, slotCreate, snapshot, configFingerprint: config } = options;
  const { shard } = options;
  const seen = { systemId, databaseOid, publication, catalog, tree, witness };
  return { name, slotCreate, snapshot, config, shard, ...seen };
}
