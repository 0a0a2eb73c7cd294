import type { SlotFacts, Vantage } from "../capture/source-database.ts";
import type { ErrorCode } from "../errors.ts";
import { knownLineage, knownWatermark } from "../known-lineage.ts";
import { observedFacts } from "../observed-facts.ts";
import type { RelayOptions } from "../options.ts";
import type { RelayPorts } from "../ports.ts";
import type { Checkpoint } from "../settle/checkpoint.ts";
import { decodeStored } from "../settle/checkpoint.ts";
import type { Verdict } from "../settle/continuity.ts";
import { judge } from "../settle/continuity.ts";
import type { Watermark } from "../watermark.ts";

/** How checkpoint, slot and server stand to each other, for a person who is about to do something about it. */
export interface Situation {
  readonly checkpoint: Checkpoint | null;
  readonly slot: SlotFacts | null;
  readonly seen: Vantage;
  readonly verdict: Verdict;
}

/** Gaps that a look at the tables closes. */
const REPAIRABLE: ReadonlySet<ErrorCode> = new Set([
  "GAP_SLOT_MISSING",
  "GAP_SLOT_INVALID",
  "GAP_SLOT_ADVANCED",
  "PUBLICATION_CHANGED",
  "CONFIG_CHANGED_INSIDE_TRANSACTION",
  "PUBLICATION_MISSING",
  "PUBLICATION_SKIPPED",
  "TABLE_RENAMED",
  "CONFIG_TABLE",
  "CONFIG_PUBLICATION",
]);

/** Looks, with the checkpoint as it was read: before anybody was fenced it may be a little old. */
export async function situation(
  ports: RelayPorts,
  options: RelayOptions,
  stored: Uint8Array | null,
  signal: AbortSignal,
): Promise<Situation> {
  const checkpoint = decodeStored(stored);
  const slot = await ports.database.slot(signal);
  const seen = await ports.database.vantage(signal);
  const lineage = checkpoint === null ? null : knownLineage(checkpoint, seen);
  const verdict = judge({ ...observedFacts(options, seen), checkpoint, slot, lineage });
  return { checkpoint, slot, seen, verdict };
}

/** Whether everything that is wrong can be repaired from the tables, on the server that the checkpoint is of. */
export function isRepairable({ verdict }: Situation): boolean {
  return verdict.kind === "halt" && verdict.codes.every((code) => REPAIRABLE.has(code));
}

/** From where rows may be missing; null: any may. */
export function repairSince({ checkpoint, seen }: Situation): Watermark | null {
  return checkpoint === null ? null : knownWatermark(checkpoint, seen);
}
