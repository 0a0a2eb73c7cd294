import { backfillCommitLsn } from "../backfill/extent.ts";
import type { SlotFacts } from "../capture/source-database.ts";
import { formatLsn } from "../lsn.ts";
import type { Watermark } from "../watermark.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { ContinuityFacts } from "./continuity.ts";
import { isReadable } from "./slot-state.ts";

/** A slot that an interrupted backfill made, and that the next attempt reads on from. */
export interface KeptSlot {
  /** With which it was made; the slot brings all that it does not show, from `lsn` on. */
  readonly snapshot: Watermark;
  /** Of the rows from before it so many are published: the next one is numbered from there on. */
  readonly index: number;
}

/**
 * The slot that the backfill of the checkpoint made, if it still brings all that its snapshot does not show; otherwise
 * why it does not, for people. Both null: no slot was written down.
 */
export function keptSlot(
  facts: Pick<ContinuityFacts, "slot" | "lineage">,
  checkpoint: Checkpoint,
): { readonly kept: KeptSlot | null; readonly why: string | null } {
  const { slotSnapshot: snapshot, commitLsn, index } = checkpoint;
  if (snapshot === null) return { kept: null, why: null };
  const why = slotFault(facts.slot, snapshot) ?? lineageFault(facts, checkpoint);
  if (why !== null) return { kept: null, why };
  const isInside = commitLsn === backfillCommitLsn(snapshot.lsn);
  return { kept: { snapshot, index: isInside ? index : 0 }, why: null };
}

function slotFault(slot: SlotFacts | null, { lsn }: Watermark): string | null {
  if (slot === null) return "it is gone";
  if (!isReadable(slot)) return "it has lost its WAL";
  if (slot.temporary || slot.isSynced) return "it is not a slot of this server's own";
  // Nothing of it is confirmed before the backfill is complete.
  return slot.confirmedLsn === lsn ? null : `it was moved from ${formatLsn(lsn)}, or made again`;
}

/** On another timeline transaction ids of the snapshot may be in use again. */
function lineageFault(
  { lineage }: Pick<ContinuityFacts, "lineage">,
  { timeline }: Checkpoint,
): string | null {
  return lineage?.timeline === timeline ? null : "the server was promoted since";
}
