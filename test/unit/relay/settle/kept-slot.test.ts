import { describe, expect, it } from "@jest/globals";
import type { SlotFacts } from "../../../../src/relay/capture/source-database.ts";
import { lsn } from "../../../../src/relay/lsn.ts";
import type { Checkpoint } from "../../../../src/relay/settle/checkpoint.ts";
import { keptSlot } from "../../../../src/relay/settle/kept-slot.ts";

const UNTIL = lsn(0x1000n);
const SNAPSHOT = { snapshot: "7:9:8", lsn: UNTIL, atMs: 0 };
const CHECKPOINT = {
  timeline: 2,
  commitLsn: lsn(0xfffn),
  index: 41,
  slotSnapshot: SNAPSHOT,
} as Checkpoint;
const SLOT = {
  confirmedLsn: UNTIL,
  temporary: false,
  isSynced: false,
  walStatus: "reserved",
  invalidationReason: null,
} as SlotFacts;
const LINEAGE = { systemId: "1", timeline: 2, xlogPos: UNTIL, timelineHistory: null };

describe("the slot of an interrupted backfill", () => {
  it("is kept where it stands at its beginning, and the rows' numbers go on", () => {
    expect(keptSlot({ slot: SLOT, lineage: LINEAGE }, CHECKPOINT)).toEqual({
      kept: { snapshot: SNAPSHOT, index: 41 },
      why: null,
    });
  });

  it("numbers from the first row where the checkpoint's position is of something else", () => {
    const facts = { slot: SLOT, lineage: LINEAGE };
    const { kept } = keptSlot(facts, { ...CHECKPOINT, commitLsn: lsn(5n) });
    expect(kept?.index).toBe(0);
  });

  it("is none where nobody wrote it down", () => {
    const facts = { slot: SLOT, lineage: LINEAGE };
    expect(keptSlot(facts, { ...CHECKPOINT, slotSnapshot: null })).toEqual({
      kept: null,
      why: null,
    });
  });

  it.each<[string, Partial<Parameters<typeof keptSlot>[0]>]>([
    ["gone", { slot: null }],
    ["without its WAL", { slot: { ...SLOT, walStatus: "lost" } }],
    ["invalid", { slot: { ...SLOT, invalidationReason: "idle_timeout" } }],
    ["temporary", { slot: { ...SLOT, temporary: true } }],
    ["a copy on a standby", { slot: { ...SLOT, isSynced: true } }],
    ["moved or made again", { slot: { ...SLOT, confirmedLsn: lsn(0x1001n) } }],
    ["another one from before it", { slot: { ...SLOT, confirmedLsn: lsn(0xfffn) } }],
    ["without a position", { slot: { ...SLOT, confirmedLsn: null } }],
    ["on another timeline", { lineage: { ...LINEAGE, timeline: 3 } }],
    ["on a later timeline of which nothing is known yet", { lineage: null }],
  ])("is not kept where it is %s", (_, facts) => {
    const { kept, why } = keptSlot({ slot: SLOT, lineage: LINEAGE, ...facts }, CHECKPOINT);
    expect(kept).toBeNull();
    expect(why).not.toBeNull();
  });
});
