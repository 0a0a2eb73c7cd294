import { backfillCommitLsn } from "./backfill/extent.ts";
import type { SlotFacts } from "./capture/source-database.ts";
import { invariant, RelayError } from "./errors.ts";
import type { Lsn } from "./lsn.ts";
import type { Progress } from "./progress.ts";
import { formatProgress, furtherProgress, NO_PROGRESS } from "./progress.ts";
import { decodeCheckpoint } from "./settle/checkpoint.ts";
import type { Verdict } from "./settle/continuity.ts";
import type { KeptSlot } from "./settle/kept-slot.ts";

/** Of a stream that sends rows from before its slot first. */
export interface BackfillStart {
  /** Where the slot begins. */
  readonly until: Lsn;
  readonly kept: KeptSlot | null;
}

export interface StartPoint {
  readonly progress: Progress;
  /** Whether a durable checkpoint says so; otherwise the first thing to do is to write one. */
  readonly isStored: boolean;
}

/**
 * Where to go on with a new stream: at the stored checkpoint, proven to fit slot and server; at the slot when nothing was
 * read from it yet; at the switch when a promoted server lacks what came after it. `backfill`: of a stream
 * that sends rows from before its slot first: where the slot begins, and what is kept of an earlier attempt. Throws RelayError (halt) for every
 * other verdict: publishing on would lose or repeat.
 */
export function startPoint(
  verdict: Verdict,
  slot: SlotFacts,
  backfill: BackfillStart | null,
): StartPoint {
  if (verdict.kind !== "halt" && (verdict.kind === "backfill") !== (backfill !== null)) {
    throw changedMeanwhile();
  }
  switch (verdict.kind) {
    case "go-on":
      return { progress: verdict.checkpoint, isStored: true };
    case "start-at-slot":
      invariant(slot.confirmedLsn !== null, "a logical slot has a confirmed position");
      // A commit's end or a keepalive: whole transactions below it, none above.
      return startAt(slot.confirmedLsn);
    case "backfill":
      return { progress: beforeBackfill(verdict.kept, backfill), isStored: false };
    case "phantoms":
      return startAt(verdict.switchLsn);
    case "halt":
      throw verdict.fault;
    default:
      throw changedMeanwhile();
  }
}

function startAt(at: Lsn): StartPoint {
  return { progress: { ...NO_PROGRESS, commitLsn: at, endLsn: at }, isStored: false };
}

/** Rows that an earlier attempt published keep their numbers. */
function beforeBackfill(kept: KeptSlot | null, backfill: BackfillStart | null): Progress {
  if (backfill === null || kept?.snapshot.lsn !== backfill.kept?.snapshot.lsn) {
    throw changedMeanwhile();
  }
  const commitLsn = backfillCommitLsn(backfill.until);
  return { ...NO_PROGRESS, commitLsn, index: kept?.index ?? 0 };
}

/** Between the look before the stream and the one with it: somebody repairs, or removed the checkpoint topic. */
function changedMeanwhile(): RelayError {
  return new RelayError("the checkpoint was changed while the slot was being taken", {
    code: "CHECKPOINT_CHANGED",
    remedy: "retry",
    hint: "Nothing to do: the relay looks again.",
  });
}

/**
 * Where to go on with the same stream after an unknown outcome: the stored checkpoint must lie
 * between what was known to be durable and what was read. Anything else was not written by us.
 */
export function resumePoint(
  stored: Uint8Array | null,
  settled: Progress,
  read: Progress,
): Progress {
  const checkpoint: Progress = stored === null ? NO_PROGRESS : decodeCheckpoint(stored);
  if (isBehind(checkpoint, settled)) throw lost(checkpoint, settled);
  if (isBehind(read, checkpoint)) throw foreign(checkpoint, read);
  return checkpoint;
}

function isBehind(a: Progress, b: Progress): boolean {
  const further = furtherProgress(a, b);
  return further.commitLsn !== a.commitLsn || further.index !== a.index;
}

function lost(found: Progress, known: Progress): RelayError {
  return new RelayError(
    `the checkpoint topic ends at ${formatProgress(found)}, but ${formatProgress(known)} was durable there already`,
    {
      code: "CHECKPOINT_LOST",
      remedy: "halt",
      hint: "The checkpoint topic was deleted, truncated or lost a replica. Restore it before the relay is restarted; do not delete the slot.",
    },
  );
}

/** Somebody else has had the slot meanwhile; whether he is one of us is found out by the next start, with all checks. */
function foreign(found: Progress, read: Progress): RelayError {
  return new RelayError(
    `the checkpoint topic holds ${formatProgress(found)}, past all that this relay has read (${formatProgress(read)})`,
    {
      code: "CHECKPOINT_FOREIGN",
      remedy: "standby",
      hint: "Another relay has taken over. If it is not of this slot, give each its own RELAY_SLOT_NAME or RELAY_CHECKPOINT_TOPIC.",
    },
  );
}
