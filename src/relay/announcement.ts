import type { Vantage } from "./capture/source-database.ts";
import type { RelayOptions } from "./options.ts";
import type { RelayPorts } from "./ports.ts";
import { NO_PROGRESS } from "./progress.ts";
import type { Checkpoint } from "./settle/checkpoint.ts";
import { encodeCheckpoint } from "./settle/checkpoint.ts";
import type { KnownTables } from "./settle/known-tables.ts";
import { bounded, remembered } from "./settle/tree-memory.ts";

export interface Announced extends Pick<Checkpoint, "pending" | "watermark"> {
  /** The note of the decision that this is due to; null where nobody decided. */
  readonly decision?: string | null;
  readonly notes?: ReadonlyMap<string, Uint8Array>;
  /** What is known of tables by OID, where the slot's WAL is of the same server as before. */
  readonly tables?: KnownTables | null;
}

/**
 * Writes to the checkpoint what is about to be done, so that the next relay finishes it. The sink must be open.
 * There is no position in it: what was published is found out again, or is of no matter.
 */
export async function announce(
  ports: RelayPorts,
  options: RelayOptions,
  seen: Vantage,
  { pending, watermark, decision = null, notes = new Map(), tables = null }: Announced,
): Promise<void> {
  const checkpoint = encodeCheckpoint({
    ...NO_PROGRESS,
    systemId: seen.systemId,
    timeline: seen.timeline,
    config: options.configFingerprint,
    shard: options.shard,
    publication: seen.publication,
    catalog: seen.catalog,
    tree: bounded(remembered(null, seen.tree), seen.tree),
    databaseOid: seen.databaseOid,
    halt: null,
    decision,
    watermark,
    pending,
    slotSnapshot: null,
    witness: seen.witness,
    tables,
    instance: options.instance,
    at: new Date(ports.clock.wallMs()).toISOString(),
  });
  await ports.sink.publish({ records: [], checkpoint, notes });
}
