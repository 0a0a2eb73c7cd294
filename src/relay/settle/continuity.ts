import type { ServerIdentity } from "../capture/replication-stream.ts";
import type { SlotFacts } from "../capture/source-database.ts";
import type { ErrorCode } from "../errors.ts";
import { RelayError } from "../errors.ts";
import { formatLsn } from "../lsn.ts";
import { coveredLsn } from "../progress.ts";
import { TimelineHistory } from "../timeline-history.ts";
import type { Checkpoint } from "./checkpoint.ts";

export interface ContinuityFacts {
  readonly checkpoint: Checkpoint;
  readonly slot: SlotFacts;
  readonly identity: ServerIdentity;
  readonly config: string;
}

/**
 * Whether stream, slot and checkpoint fit together. Postgres never reports a wrong start: it skips
 * or repeats silently. Null when they fit; else what does not, remedy `halt`.
 */
export function continuityFault(facts: ContinuityFacts): RelayError | null {
  return lineageFault(facts) ?? slotFault(facts) ?? configFault(facts);
}

function lineageFault({ checkpoint, identity }: ContinuityFacts): RelayError | null {
  if (identity.systemId !== checkpoint.systemId) {
    return fault(
      "LINEAGE_FOREIGN",
      `the server is another cluster (system identifier ${identity.systemId}, the checkpoint is of ${checkpoint.systemId})`,
      "Check RELAY_DATABASE_URL. After a restore or pg_upgrade, start with a slot and a checkpoint topic of their own.",
    );
  }
  const covered = coveredLsn(checkpoint);
  if (identity.timeline === checkpoint.timeline) {
    if (covered <= identity.xlogPos) return null;
    return rewound(
      `its WAL ends at ${formatLsn(identity.xlogPos)}, before the checkpoint ${formatLsn(covered)}`,
    );
  }
  if (identity.timeline < checkpoint.timeline) {
    return rewound(
      `it is on timeline ${identity.timeline}, the checkpoint on ${checkpoint.timeline}: an old primary`,
    );
  }
  const history = new TimelineHistory(identity.timeline, identity.timelineHistory);
  const end = history.endOf(checkpoint.timeline);
  if (end !== null && covered <= end) return null;
  const where = end === null ? "does not know that timeline" : `left it at ${formatLsn(end)}`;
  return rewound(
    `the checkpoint ${formatLsn(covered)} on timeline ${checkpoint.timeline} is not part of its history, which ${where}`,
  );
}

function rewound(problem: string): RelayError {
  return fault(
    "LINEAGE_REWOUND",
    `the server has lost or never had what was published: ${problem}`,
    "Point RELAY_DATABASE_URL at the current primary. If this one is, events after the switch were published and are gone from the database: compare before going on.",
  );
}

function slotFault({ checkpoint, slot }: ContinuityFacts): RelayError | null {
  const covered = coveredLsn(checkpoint);
  if (slot.confirmedLsn === null || slot.confirmedLsn <= covered) return null;
  return fault(
    "GAP_SLOT_ADVANCED",
    `slot ${slot.name} stands at ${formatLsn(slot.confirmedLsn)}, past the checkpoint ${formatLsn(covered)}: somebody else advanced or recreated it, and events between the two were never published`,
    "Find the outbox rows committed between these positions and publish them before the slot is used again.",
  );
}

function configFault({ checkpoint, config }: ContinuityFacts): RelayError | null {
  const isInside = checkpoint.endLsn === null && checkpoint.index > 0;
  if (!isInside || checkpoint.config === config) return null;
  return fault(
    "CONFIG_CHANGED_INSIDE_TRANSACTION",
    `the checkpoint lies inside the transaction at ${formatLsn(checkpoint.commitLsn)}, and the tables or the publication were set otherwise then, so its rows cannot be counted`,
    "Start once with the former RELAY_TABLES and RELAY_PUBLICATION_NAME until the relay is idle, then change them.",
  );
}

/** The slot is gone although events were published from it. */
export function slotMissing(slot: string): RelayError {
  return fault(
    "GAP_SLOT_MISSING",
    `slot ${slot} does not exist, but a checkpoint does: what was committed since the checkpoint was not read`,
    "A new slot would start after the gap. Find out who dropped it, publish the rows committed since the checkpoint, and start with a new RELAY_SLOT_NAME.",
  );
}

function fault(code: ErrorCode, message: string, hint: string): RelayError {
  return new RelayError(message, { code, remedy: "halt", hint });
}
