import type { ServerIdentity } from "./capture/replication-stream.ts";
import type { SlotFacts } from "./capture/source-database.ts";
import { invariant, RelayError } from "./errors.ts";
import type { Progress } from "./progress.ts";
import { formatProgress, furtherProgress, NO_PROGRESS } from "./progress.ts";
import { decodeCheckpoint } from "./settle/checkpoint.ts";
import { continuityFault } from "./settle/continuity.ts";

export interface StartPoint {
  readonly progress: Progress;
  /** Whether a durable checkpoint says so; false on the very first start. */
  readonly isStored: boolean;
}

/**
 * Where to go on with a new stream: at the stored checkpoint, once it is proven to fit slot and
 * server; on the very first start where the slot stands. Throws RelayError (halt) when they do not fit.
 */
export function startPoint(
  stored: Uint8Array | null,
  slot: SlotFacts,
  identity: ServerIdentity,
  config: string,
): StartPoint {
  if (stored === null) return { progress: progressAtSlot(slot), isStored: false };
  const checkpoint = decodeCheckpoint(stored);
  const fault = continuityFault({ checkpoint, slot, identity, config });
  if (fault !== null) throw fault;
  return { progress: checkpoint, isStored: true };
}

/** The slot's confirmed position is a commit's end or a keepalive: whole transactions below it, none above. */
function progressAtSlot(slot: SlotFacts): Progress {
  invariant(slot.confirmedLsn !== null, "a logical slot has a confirmed position");
  return { ...NO_PROGRESS, commitLsn: slot.confirmedLsn, endLsn: slot.confirmedLsn };
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
