import type { ServerIdentity } from "../capture/replication-stream.ts";
import type { SlotFacts } from "../capture/source-database.ts";
import type { ErrorCode, RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { coveredLsn } from "../progress.ts";
import { TimelineHistory } from "../timeline-history.ts";
import type { Checkpoint } from "./checkpoint.ts";
import {
  allOf,
  checkpointMissing,
  configChanged,
  foreign,
  notPrimary,
  publicationChanged,
  rewound,
  shardChanged,
  slotAdvanced,
  slotInvalid,
  slotMissing,
  slotNotThere,
} from "./continuity-faults.ts";

/** The part of a server's identity that its history is. */
export type Lineage = Pick<ServerIdentity, "systemId" | "timeline" | "xlogPos" | "timelineHistory">;

/** Everything that was observed; nothing is asked while it is judged. */
export interface ContinuityFacts {
  /** Name of the slot, for messages. */
  readonly name: string;
  readonly checkpoint: Checkpoint | null;
  readonly slot: SlotFacts | null;
  /** Of the server that streams; null before there is a stream. */
  readonly lineage: Lineage | null;
  /** System identifier that the control connection sees; null when it was not asked. */
  readonly systemId: string | null;
  /** Fingerprint of publication and tables now; null when it was not asked. */
  readonly publication: string | null;
  /** What the witness row counts now; null where there is none or it was not asked. */
  readonly witness: number | null;
  readonly config: string;
  /** Which part of the rows is ours: `0/2`; null: all. */
  readonly shard: string | null;
  readonly slotCreate: "if-missing" | "never";
  readonly snapshot: "initial" | "never";
}

export type Verdict =
  /** Nothing was ever published: make the slot, and where asked for publish what is in the tables. */
  | { readonly kind: "first-start"; readonly pending: "slot" | "backfill" }
  /** The slot's creation was begun and is to be finished. */
  | { readonly kind: "create-slot" }
  /** A backfill was begun and is to be done from its beginning. */
  | { readonly kind: "backfill" }
  /** The first stream from a slot that is ours and was never read from. */
  | { readonly kind: "start-at-slot" }
  | { readonly kind: "go-on"; readonly checkpoint: Checkpoint }
  /**
   * The server was promoted without what was published last: `checkpoint` lies past `switchLsn`, where its timeline ended.
   * Events in between exist at Kafka only; everything from the switch on is still to come.
   */
  | { readonly kind: "phantoms"; readonly checkpoint: Checkpoint; readonly switchLsn: Lsn }
  | {
      readonly kind: "halt";
      readonly fault: RelayError;
      /** Of all that is wrong; the fault has the first. */
      readonly codes: readonly ErrorCode[];
    };

/**
 * The decision table: whether checkpoint, slot, server and publication fit together. Postgres never reports a wrong
 * start; it skips or repeats silently. All that is wrong is told, the gravest first, so that no fault hides another.
 */
export function judge(facts: ContinuityFacts): Verdict {
  const { checkpoint } = facts;
  if (checkpoint === null) return withoutCheckpoint(facts);
  if (checkpoint.pending !== null) return unfinished(facts, checkpoint);
  const switched = switchBefore(facts, checkpoint);
  const covered = switched ?? coveredLsn(checkpoint);
  const faults = [
    ...(facts.slot === null ? [slotMissing(facts.name, covered)] : slotFaults(facts.slot)),
    ...lineageFaults(facts, checkpoint),
    ...advancedFaults(facts, covered),
    ...shardFaults(facts, checkpoint),
    ...configFaults(facts, checkpoint),
    ...publicationFaults(facts, checkpoint),
  ];
  if (faults.length > 0) return halt(faults);
  if (switched !== null) return { kind: "phantoms", checkpoint, switchLsn: switched };
  return { kind: "go-on", checkpoint };
}

function withoutCheckpoint({ name, slot, slotCreate, snapshot }: ContinuityFacts): Verdict {
  if (slot !== null) return halt([checkpointMissing(slot), ...slotFaults(slot)]);
  if (slotCreate === "never") return halt([slotNotThere(name)]);
  return { kind: "first-start", pending: snapshot === "initial" ? "backfill" : "slot" };
}

/** A slot that is not there, or is no good, is what a crash in between leaves behind. */
function unfinished(facts: ContinuityFacts, checkpoint: Checkpoint): Verdict {
  const faults = [...systemFaults(facts, checkpoint), ...shardFaults(facts, checkpoint)];
  if (faults.length > 0) return halt(faults);
  if (checkpoint.pending === "backfill") return { kind: "backfill" };
  return facts.slot === null ? { kind: "create-slot" } : { kind: "start-at-slot" };
}

function halt(faults: readonly RelayError[]): Verdict {
  return { kind: "halt", fault: allOf(faults), codes: faults.map(({ code }) => code) };
}

/** Whether the WAL that the slot needs is still there. */
export function isReadable({ walStatus, invalidationReason }: SlotFacts): boolean {
  return walStatus !== "lost" && invalidationReason === null;
}

function slotFaults(slot: SlotFacts): RelayError[] {
  return [
    ...(isReadable(slot) ? [] : [slotInvalid(slot)]),
    ...(slot.temporary || slot.isSynced ? [notPrimary(slot)] : []),
  ];
}

function systemFaults(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const seen = [facts.lineage?.systemId ?? null, facts.systemId];
  const other = seen.find((systemId) => systemId !== null && systemId !== checkpoint.systemId);
  return other === undefined || other === null ? [] : [foreign(other, checkpoint.systemId)];
}

function lineageFaults(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const foreigners = systemFaults(facts, checkpoint);
  const { lineage } = facts;
  if (foreigners.length > 0 || lineage === null) return foreigners;
  const covered = coveredLsn(checkpoint);
  if (lineage.timeline === checkpoint.timeline) {
    if (covered > lineage.xlogPos) return [rewound.behind(lineage.xlogPos, covered)];
    return witnessFaults(facts, checkpoint);
  }
  if (lineage.timeline < checkpoint.timeline) {
    return [rewound.oldPrimary(lineage.timeline, checkpoint.timeline)];
  }
  const end = endOf(checkpoint.timeline, lineage);
  return end === null ? [rewound.otherBranch(lineage.timeline, checkpoint.timeline)] : [];
}

/** On one timeline the count only rises; after a promotion it may have been lost with the last WAL. */
function witnessFaults({ witness }: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const former = checkpoint.witness;
  if (witness === null || former === null || witness >= former) return [];
  return [rewound.witness(witness, former)];
}

/** Where the checkpoint's timeline ended, when the checkpoint lies past it. */
function switchBefore({ lineage }: ContinuityFacts, checkpoint: Checkpoint): Lsn | null {
  if (lineage === null || lineage.timeline <= checkpoint.timeline) return null;
  if (lineage.systemId !== checkpoint.systemId) return null;
  const end = endOf(checkpoint.timeline, lineage);
  return end !== null && coveredLsn(checkpoint) > end ? end : null;
}

function endOf(timeline: number, lineage: Lineage): Lsn | null {
  return new TimelineHistory(lineage.timeline, lineage.timelineHistory).endOf(timeline);
}

/** The checkpoint is written before its LSN is confirmed, so a slot past it was moved by somebody else. */
function advancedFaults({ slot }: ContinuityFacts, covered: Lsn): RelayError[] {
  if (slot === null || slot.confirmedLsn === null || slot.confirmedLsn <= covered) return [];
  return [slotAdvanced(slot, slot.confirmedLsn, covered)];
}

/** Position and watermark are of one part of the keys, and tell nothing of another. */
function shardFaults({ shard }: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  return shard === checkpoint.shard ? [] : [shardChanged(shard, checkpoint.shard)];
}

function configFaults({ config }: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const isInside = checkpoint.endLsn === null && checkpoint.index > 0;
  return isInside && checkpoint.config !== config ? [configChanged(checkpoint.commitLsn)] : [];
}

function publicationFaults({ publication }: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const former = checkpoint.publication;
  if (publication === null || former === null || publication === former) return [];
  return [publicationChanged()];
}
