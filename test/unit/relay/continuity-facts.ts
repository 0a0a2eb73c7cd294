import type { SlotFacts } from "../../../src/relay/capture/source-database.ts";
import { lsn } from "../../../src/relay/lsn.ts";
import { NO_PROGRESS } from "../../../src/relay/progress.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import type { ContinuityFacts, Lineage } from "../../../src/relay/settle/continuity.ts";

/** A checkpoint inside a cluster on its second timeline. */
export const CHECKPOINT: Checkpoint = {
  ...NO_PROGRESS,
  systemId: "7",
  timeline: 2,
  commitLsn: lsn(0x100n),
  index: 3,
  endLsn: lsn(0x130n),
  config: "c",
  shard: null,
  publication: "p",
  catalog: null,
  tree: null,
  databaseOid: null,
  halt: null,
  decision: null,
  watermark: null,
  pending: null,
  slotSnapshot: null,
  witness: 7,
  tables: null,
  instance: "relay-0",
  at: "2026-01-01T00:00:00.000Z",
};

export const SLOT: SlotFacts = {
  name: "s",
  plugin: "pgoutput",
  database: "db",
  temporary: false,
  isSynced: false,
  active: false,
  activePid: null,
  confirmedLsn: lsn(0x130n),
  restartLsn: lsn(0x100n),
  walStatus: "reserved",
  invalidationReason: null,
  retainedBytes: 0,
  unconfirmedBytes: 0,
  safeWalBytes: null,
  catalogXminAge: null,
  serverStart: "1",
  walEnd: lsn(0x200n),
};

export const LINEAGE: Lineage = {
  systemId: "7",
  timeline: 2,
  xlogPos: lsn(0x200n),
  timelineHistory: "1\t0/50\tx",
};

/** A start at which nothing is wrong: what was confirmed is what the checkpoint has. */
export const FACTS: ContinuityFacts = {
  name: "s",
  checkpoint: CHECKPOINT,
  slot: SLOT,
  lineage: LINEAGE,
  systemId: "7",
  databaseOid: null,
  publication: "p",
  catalog: null,
  tree: null,
  witness: 7,
  config: "c",
  shard: null,
  slotCreate: "if-missing",
  snapshot: "never",
};

/** What is otherwise at a start. */
export type Change = (facts: ContinuityFacts) => ContinuityFacts;

export const slot =
  (change: Partial<SlotFacts>): Change =>
  (facts) => ({ ...facts, slot: { ...SLOT, ...facts.slot, ...change } });
export const lineage =
  (change: Partial<Lineage>): Change =>
  (facts) => ({ ...facts, lineage: { ...LINEAGE, ...facts.lineage, ...change } });
export const checkpoint =
  (change: Partial<Checkpoint>): Change =>
  (facts) => ({ ...facts, checkpoint: { ...CHECKPOINT, ...facts.checkpoint, ...change } });
