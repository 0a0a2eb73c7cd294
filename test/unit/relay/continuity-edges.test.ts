import { describe, expect, it } from "@jest/globals";
import { lsn } from "../../../src/relay/lsn.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import type { ContinuityFacts } from "../../../src/relay/settle/continuity.ts";
import { judge } from "../../../src/relay/settle/continuity.ts";
import type { Change } from "./continuity-facts.ts";
import { CHECKPOINT, checkpoint, FACTS, lineage, slot } from "./continuity-facts.ts";

describe("the edges of the decision table", () => {
  const codes = (facts: ContinuityFacts): readonly string[] => {
    const verdict = judge(facts);
    return verdict.kind === "halt" ? verdict.codes : [verdict.kind];
  };
  const whole = CHECKPOINT;
  /** Inside a transaction: what it has is covered up to its third row, its WAL from its commit record on is not. */
  const inside = { ...CHECKPOINT, endLsn: null };
  const later = (end: bigint): Change =>
    lineage({ timeline: 3, timelineHistory: `1\t0/50\tx\n2\t0/${end.toString(16)}\tx` });
  const history = (timeline: number, timelineHistory: string | null): Change =>
    lineage({ timeline, timelineHistory });
  const at = (change: Partial<Checkpoint>, ...others: Change[]): ContinuityFacts =>
    others.reduce(
      (facts, other) => other(facts),
      checkpoint(change)(slot({ confirmedLsn: lsn(0n) })(FACTS)),
    );

  it.each([
    ["the WAL ends at the checkpoint", at(whole, lineage({ xlogPos: lsn(0x130n) })), "go-on"],
    ["one byte below it", at(whole, lineage({ xlogPos: lsn(0x12fn) })), "LINEAGE_REWOUND"],
    ["one byte above it", at(whole, lineage({ xlogPos: lsn(0x131n) })), "go-on"],
    [
      "one byte above the start of a split transaction's commit record",
      at(inside, lineage({ xlogPos: lsn(0x101n) })),
      "go-on",
    ],
    ["at its start", at(inside, lineage({ xlogPos: lsn(0x100n) })), "LINEAGE_REWOUND"],
    [
      "one byte below a split transaction",
      at(inside, lineage({ xlogPos: lsn(0xffn) })),
      "LINEAGE_REWOUND",
    ],
    ["the slot stands at the checkpoint", at(whole, slot({ confirmedLsn: lsn(0x130n) })), "go-on"],
    ["one byte above it", at(whole, slot({ confirmedLsn: lsn(0x131n) })), "GAP_SLOT_ADVANCED"],
    ["at a split transaction", at(inside, slot({ confirmedLsn: lsn(0x100n) })), "go-on"],
    [
      "past a split transaction",
      at(inside, slot({ confirmedLsn: lsn(0x101n) })),
      "GAP_SLOT_ADVANCED",
    ],
    ["the switch lies at the checkpoint", at(whole, later(0x130n)), "go-on"],
    ["one byte above it", at(whole, later(0x131n)), "go-on"],
    ["one byte below it", at(whole, later(0x12fn)), "phantoms"],
    [
      "the switch lies behind a split transaction's commit record",
      at(inside, later(0x130n)),
      "go-on",
    ],
    [
      "at the start of its commit record: it was never committed there",
      at(inside, later(0x100n)),
      "phantoms",
    ],
    ["one byte below that", at(inside, later(0xffn)), "phantoms"],
    ["one byte above its start", at(inside, later(0x101n)), "go-on"],
    ["the history of its own timeline is not shown", at(whole, history(2, null)), "go-on"],
    ["that of a later one", at(whole, history(3, null)), "LINEAGE_UNKNOWN"],
    ["that of a later one is empty", at(whole, history(3, "")), "LINEAGE_UNKNOWN"],
    ["that of a later one is without it", at(whole, history(3, "1\t0/50\tx")), "LINEAGE_REWOUND"],
    ["the witness counts as far", at({ ...whole, witness: 7 }), "go-on"],
    ["one less", at({ ...whole, witness: 8 }), "LINEAGE_REWOUND"],
    ["one more", at({ ...whole, witness: 6 }), "go-on"],
  ])("%s", (_what, facts, kind) => {
    expect(codes(facts)).toEqual([kind]);
  });

  it("names the history file in hexadecimal, with the way back", () => {
    const verdict = judge(at(whole, history(26, null)));
    expect(verdict).toMatchObject({
      fault: {
        message: expect.stringContaining("cannot show pg_wal/0000001A.history"),
        hint: expect.stringMatching(/^Copy 0000001A.history into pg_wal/),
      },
    });
  });
});
