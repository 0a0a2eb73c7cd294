import type { Catalog } from "../capture/catalog.ts";
import type { ServerIdentity } from "../capture/replication-stream.ts";
import type { SlotFacts } from "../capture/source-database.ts";
import type { TreePart } from "../capture/tree.ts";
import type { ErrorCode, RelayError } from "../errors.ts";
import type { Lsn } from "../lsn.ts";
import { coveredLsn, reachedLsn } from "../progress.ts";
import { TimelineHistory } from "../timeline-history.ts";
import { catalogFaults } from "./catalog-changes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import {
  allOf,
  checkpointMissing,
  configChanged,
  foreign,
  historyMissing,
  notPrimary,
  publicationChanged,
  rewound,
  shardChanged,
  slotAdvanced,
  slotInvalid,
  slotMissing,
  slotNotThere,
  storedHalt,
} from "./continuity-faults.ts";
import type { Halt } from "./halt.ts";
import { isLasting, isStrange } from "./halt.ts";
import type { KeptSlot } from "./kept-slot.ts";
import { keptSlot } from "./kept-slot.ts";
import { isReadable } from "./slot-state.ts";
import { treeFaults } from "./tree-changes.ts";

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
  /** Object identifier of its database; null when it was not asked. */
  readonly databaseOid: number | null;
  /** Fingerprint of publication and tables now, as earlier versions stored it; null when it was not asked. */
  readonly publication: string | null;
  /** The catalog rows that decide which rows come; null when they were not asked for. */
  readonly catalog: Catalog | null;
  /** What decides below and above the outbox tables; null when it was not asked for. */
  readonly tree: readonly TreePart[] | null;
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
  /**
   * A backfill was begun and is to be done from its beginning. `kept`: the slot that it made before and that is read on
   * from; null: the slot is made. `lost`: why one that it made is not kept; null where there was none.
   */
  | { readonly kind: "backfill"; readonly kept: KeptSlot | null; readonly lost: string | null }
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
      /** The part that stays until a person has decided, and that the checkpoint does not hold yet; null when there is none. */
      readonly lasting: RelayError | null;
    };

/**
 * The decision table: whether checkpoint, slot, server and publication fit together. Postgres never reports a wrong
 * start; it skips or repeats silently. All that is wrong is told, the gravest first, so that no fault hides another.
 */
export function judge(facts: ContinuityFacts): Verdict {
  const { checkpoint } = facts;
  if (checkpoint === null) return withoutCheckpoint(facts);
  const strange = originFaults(facts, checkpoint);
  // Positions of another server or database mean nothing here, so that nothing else is compared.
  if (strange.length > 0) return halt(strange);
  if (checkpoint.pending !== null) return unfinished(facts, checkpoint);
  const switched = switchBefore(facts, checkpoint);
  const covered = switched ?? coveredLsn(checkpoint);
  const faults = [
    ...lineageFaults(facts, checkpoint),
    ...(facts.slot === null ? [slotMissing(facts.name, covered)] : slotFaults(facts.slot)),
    ...advancedFaults(facts, covered),
    ...shardFaults(facts, checkpoint),
    ...configFaults(facts, checkpoint),
    ...catalogHalts(facts, checkpoint),
  ];
  if (faults.length > 0) return halt(faults, checkpoint.halt);
  if (switched !== null) return { kind: "phantoms", checkpoint, switchLsn: switched };
  return { kind: "go-on", checkpoint };
}

function withoutCheckpoint({ name, slot, slotCreate, snapshot }: ContinuityFacts): Verdict {
  if (slot !== null) return halt([checkpointMissing(slot), ...slotFaults(slot)]);
  if (slotCreate === "never") return halt([slotNotThere(name)]);
  return { kind: "first-start", pending: snapshot === "initial" ? "backfill" : "slot" };
}

/** A slot that is not there, or is no good, is what a crash in between leaves behind; a server that was set back is not. */
function unfinished(facts: ContinuityFacts, checkpoint: Checkpoint): Verdict {
  const rewinds = lineageFaults(facts, checkpoint).filter(({ code }) => code === "LINEAGE_REWOUND");
  const origin = [
    ...rewinds,
    ...restoredFaults(facts, checkpoint),
    ...shardFaults(facts, checkpoint),
  ];
  if (origin.length > 0) return halt(origin);
  if (checkpoint.pending === "backfill") return backfill(facts, checkpoint);
  if (facts.slot === null) return { kind: "create-slot" };
  // What RELAY_TABLES was set to is of no matter where nothing was published yet.
  const faults = catalogHalts(facts, checkpoint).filter(isLasting);
  return faults.length > 0 ? halt(faults, checkpoint.halt) : { kind: "start-at-slot" };
}

/** On one timeline a slot never goes back: one that stands below the place where the backfill made its own is that of an older copy. */
function restoredFaults(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const made = checkpoint.slotSnapshot?.lsn ?? null;
  const at = facts.slot?.confirmedLsn ?? null;
  const isSameTimeline = facts.lineage?.timeline === checkpoint.timeline;
  if (made === null || at === null || at >= made || !isSameTimeline) return [];
  return [rewound.slot(at, made)];
}

/**
 * A backfill that makes its slot finds whatever is missing, so that no halt of earlier is left. With a slot that is kept
 * rows come by the stream again, and what keeps rows out of it is a gap.
 */
function backfill(facts: ContinuityFacts, checkpoint: Checkpoint): Verdict {
  const { kept, why } = keptSlot(facts, checkpoint);
  const faults = kept === null ? [] : catalogHalts(facts, checkpoint);
  if (faults.length > 0) return halt(faults, checkpoint.halt);
  return { kind: "backfill", kept, lost: why };
}

function halt(faults: readonly RelayError[], stored: Halt | null = null): Verdict {
  return {
    kind: "halt",
    fault: allOf(faults),
    codes: faults.map(({ code }) => code),
    lasting: stored === null ? (faults.find(isLasting) ?? null) : null,
  };
}

/** Throws what says that this relay is not at home here; to be asked before anybody is fenced. */
export function throwStrange(verdict: Verdict): void {
  if (verdict.kind === "halt" && verdict.codes.some(isStrange)) throw verdict.fault;
}

function slotFaults(slot: SlotFacts): RelayError[] {
  return [
    ...(isReadable(slot) ? [] : [slotInvalid(slot)]),
    ...(slot.temporary || slot.isSynced ? [notPrimary(slot)] : []),
  ];
}

function originFaults(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const { systemId, databaseOid } = checkpoint;
  const seen = [facts.lineage?.systemId ?? null, facts.systemId];
  const other = seen.find((one) => one !== null && one !== systemId) ?? null;
  const isElsewhere =
    databaseOid !== null && facts.databaseOid !== null && databaseOid !== facts.databaseOid;
  if (other === null && !isElsewhere) return [];
  const here = { systemId: other ?? systemId, databaseOid: facts.databaseOid };
  return [foreign(here, { systemId, databaseOid }, facts.name, checkpoint)];
}

function lineageFaults(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const { lineage } = facts;
  if (lineage === null) return [];
  const covered = coveredLsn(checkpoint);
  if (lineage.timeline === checkpoint.timeline) {
    if (lineage.xlogPos < reachedLsn(checkpoint)) return [rewound.behind(lineage.xlogPos, covered)];
    return witnessFaults(facts, checkpoint);
  }
  if (lineage.timeline < checkpoint.timeline) {
    return [rewound.oldPrimary(lineage.timeline, checkpoint.timeline)];
  }
  const history = historyOf(lineage);
  if (!history.isKnown) return [historyMissing(lineage.timeline, checkpoint.timeline)];
  const end = history.endOf(checkpoint.timeline);
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
  const end = historyOf(lineage).endOf(checkpoint.timeline);
  return end !== null && reachedLsn(checkpoint) > end ? end : null;
}

function historyOf({ timeline, timelineHistory }: Lineage): TimelineHistory {
  return new TimelineHistory(timeline, timelineHistory);
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

/** What is written down stays on show whatever is seen now. It hides nothing that was changed since. */
function catalogHalts(facts: ContinuityFacts, checkpoint: Checkpoint): RelayError[] {
  const isSetOtherwise = facts.config !== checkpoint.config;
  const seen = [
    ...publicationFaults(facts, checkpoint, isSetOtherwise),
    ...treeFaults(checkpoint.tree, facts.tree ?? [], isSetOtherwise),
  ];
  const { halt: stored } = checkpoint;
  if (stored === null) return seen;
  const others = seen.filter(({ message }) => message !== stored.message);
  return [storedHalt(stored), ...others];
}

/** The catalogs as this version stores them decide; a record of an earlier version has only their fingerprint. */
function publicationFaults(
  facts: ContinuityFacts,
  checkpoint: Checkpoint,
  isSetOtherwise: boolean,
): RelayError[] {
  if (facts.catalog !== null && checkpoint.catalog !== null) {
    return catalogFaults(checkpoint.catalog, facts.catalog, isSetOtherwise);
  }
  const [now, former] = [facts.publication, checkpoint.publication];
  if (now === null || former === null || now === former) return [];
  return [publicationChanged([], !isSetOtherwise)];
}
