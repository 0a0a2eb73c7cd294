import { describe, expect, it } from "@jest/globals";
import { lsn } from "../../../src/relay/lsn.ts";
import { NO_PROGRESS } from "../../../src/relay/progress.ts";
import type { ContinuityFacts, Verdict } from "../../../src/relay/settle/continuity.ts";
import { judge } from "../../../src/relay/settle/continuity.ts";
import type { Change } from "./continuity-facts.ts";
import { CHECKPOINT, checkpoint, FACTS, lineage, SLOT, slot } from "./continuity-facts.ts";

interface Row {
  readonly what: string;
  readonly change: Change;
  readonly code: string;
  /** A piece of the message that no other row has. */
  readonly says: string;
}

const row = (what: string, change: Change, code: string, says: string): Row => ({
  what,
  change,
  code,
  says,
});

/** In the order of the table: of two that are true at once the upper one names the code. */
const ROWS: readonly Row[] = [
  row("another cluster", lineage({ systemId: "8" }), "LINEAGE_FOREIGN", "another cluster"),
  row(
    "another cluster on the other connection",
    (facts) => ({ ...facts, systemId: "8" }),
    "LINEAGE_FOREIGN",
    "another cluster",
  ),
  row(
    "a server whose WAL ends before the checkpoint",
    lineage({ xlogPos: lsn(0x12fn) }),
    "LINEAGE_REWOUND",
    "its WAL ends",
  ),
  row(
    "a witness row that counts less than the checkpoint",
    (facts) => ({ ...facts, witness: 6 }),
    "LINEAGE_REWOUND",
    "its witness row",
  ),
  row("an older timeline", lineage({ timeline: 1 }), "LINEAGE_REWOUND", "an old primary"),
  row(
    "a timeline of other ancestry",
    lineage({ timeline: 3, timelineHistory: "1\t0/FFF\tx" }),
    "LINEAGE_REWOUND",
    "does not descend",
  ),
  row("no slot", (facts) => ({ ...facts, slot: null }), "GAP_SLOT_MISSING", "does not exist"),
  row(
    "a slot whose WAL was removed",
    slot({ walStatus: "lost" }),
    "GAP_SLOT_INVALID",
    "is invalid",
  ),
  row(
    "an invalidated slot",
    slot({ invalidationReason: "idle_timeout" }),
    "GAP_SLOT_INVALID",
    "is invalid",
  ),
  row("a temporary slot", slot({ temporary: true }), "NOT_PRIMARY", "is temporary"),
  row("a slot copied from a primary", slot({ isSynced: true }), "NOT_PRIMARY", "is a copy"),
  row(
    "a slot past the checkpoint",
    slot({ confirmedLsn: lsn(0x131n) }),
    "GAP_SLOT_ADVANCED",
    "stands at",
  ),
  row(
    "another shard",
    (facts) => ({ ...facts, shard: "0/2" }),
    "SHARD_CHANGED",
    "set to publish shard 0/2",
  ),
  row(
    "other tables inside a transaction",
    (facts) => checkpoint({ endLsn: null, keepaliveLsn: lsn(0x130n) })({ ...facts, config: "d" }),
    "CONFIG_CHANGED_INSIDE_TRANSACTION",
    "lies inside the transaction",
  ),
  row(
    "a changed publication",
    (facts) => ({ ...facts, publication: "q" }),
    "PUBLICATION_CHANGED",
    "publication or outbox tables",
  ),
];

function faultOf(facts: ContinuityFacts): { code: string; message: string; hint: string } {
  const verdict = judge(facts);
  if (verdict.kind !== "halt") throw new Error(`the verdict is ${verdict.kind}`);
  return verdict.fault;
}

describe("the decision table", () => {
  it.each(ROWS.map((one) => [one.what, one] as const))(
    "halts at %s",
    (_what, { change, code, says }) => {
      const fault = faultOf(change(FACTS));
      expect(fault).toMatchObject({ code, remedy: "halt" });
      expect(fault.message).toContain(says);
      expect(fault.hint).not.toBe("");
    },
  );

  const pairs = ROWS.flatMap((upper, at) =>
    ROWS.slice(at + 1).map((lower) => [upper, lower] as const),
  );
  const bothTrue = pairs.filter(([upper, lower]) => {
    const both = lower.change(upper.change(FACTS));
    // Nothing of a server is compared with a checkpoint of another cluster.
    const isForeign = upper.code === "LINEAGE_FOREIGN";
    return upper.code !== lower.code && !isForeign && isTrue(upper, both) && isTrue(lower, both);
  });

  it.each(bothTrue.map((pair) => [pair[0].what, pair[1].what, pair] as const))(
    "halts at %s with its code, and tells of %s too",
    (_upper, _lower, [upper, lower]) => {
      const fault = faultOf(lower.change(upper.change(FACTS)));
      expect(fault.code).toBe(upper.code);
      expect(fault.message).toContain(upper.says);
      expect(fault.message).toContain(lower.says);
    },
  );

  it("knows most pairs", () => {
    expect(bothTrue.length).toBeGreaterThan(50);
  });

  it.each([
    ["a slot at the checkpoint", (facts: ContinuityFacts) => facts],
    ["a slot behind the checkpoint", slot({ confirmedLsn: lsn(1n) })],
    [
      "a later timeline that branched off at the checkpoint",
      lineage({ timeline: 4, timelineHistory: "1\t0/50\tx\n2\t0/130\tx\n3\t0/150\tx\n" }),
    ],
    ["a checkpoint that does not tell its publication", checkpoint({ publication: null })],
    [
      "a publication that was not asked for",
      (facts: ContinuityFacts) => ({ ...facts, publication: null }),
    ],
    [
      "other tables after a whole transaction",
      (facts: ContinuityFacts) => ({ ...facts, config: "d" }),
    ],
  ])("goes on with %s", (_what, change) => {
    expect(judge(change(FACTS)).kind).toBe("go-on");
  });
});

/** Whether the row's condition still holds: a later change of the same fact may have undone it. */
function isTrue({ change }: Row, facts: ContinuityFacts): boolean {
  return JSON.stringify(change(facts), text) === JSON.stringify(facts, text);
}

function text(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

describe("a server that was promoted without what was published last", () => {
  const promoted = lineage({ timeline: 3, timelineHistory: "1\t0/50\tx\n2\t0/120\tx" });
  const behind = slot({ confirmedLsn: lsn(0x110n) });

  it("goes on from the switch, past which the events at Kafka are phantoms", () => {
    const verdict = judge(promoted(behind(FACTS)));
    expect(verdict).toMatchObject({ kind: "phantoms", switchLsn: lsn(0x120n) });
  });

  it("is a gap when the slot stands past the switch", () => {
    expect(faultOf(promoted(slot({ confirmedLsn: lsn(0x121n) })(FACTS))).code).toBe(
      "GAP_SLOT_ADVANCED",
    );
  });

  it("is a gap when it has no slot", () => {
    expect(faultOf(promoted({ ...FACTS, slot: null })).code).toBe("GAP_SLOT_MISSING");
  });
});

describe("a start without a stored position", () => {
  const first = { ...FACTS, checkpoint: null };
  const kindOf = (facts: ContinuityFacts): Verdict["kind"] => judge(facts).kind;

  it("makes the slot where nothing was ever published", () => {
    const none = { ...first, slot: null };
    expect(judge(none)).toEqual({ kind: "first-start", pending: "slot" });
    expect(judge({ ...none, snapshot: "initial" })).toEqual({
      kind: "first-start",
      pending: "backfill",
    });
  });

  it("halts where it must not make the slot", () => {
    expect(faultOf({ ...first, slot: null, slotCreate: "never" }).code).toBe("CONFIG_SLOT_MISSING");
  });

  it("halts where there is a slot, because nobody knows what was published from it", () => {
    expect(faultOf(first).code).toBe("CHECKPOINT_MISSING");
  });

  it.each([
    ["slot", null, "create-slot"],
    ["slot", SLOT, "start-at-slot"],
    ["backfill", null, "backfill"],
    ["backfill", { ...SLOT, walStatus: "lost" }, "backfill"],
  ] as const)("finishes what was begun: %s with slot %j", (pending, found, kind) => {
    const begun = { ...CHECKPOINT, ...NO_PROGRESS, pending };
    expect(kindOf({ ...FACTS, checkpoint: begun, slot: found })).toBe(kind);
  });

  it.each<[string, Change]>([
    ["on an earlier timeline", lineage({ timeline: 1, timelineHistory: null })],
    ["on another branch", lineage({ timeline: 3, timelineHistory: "1\t0/50\tx" })],
    ["whose witness row counts less", (facts) => ({ ...facts, witness: 6 })],
  ])("does not finish at a server %s what was begun", (_, change) => {
    for (const pending of ["slot", "backfill"] as const) {
      const begun = { ...CHECKPOINT, ...NO_PROGRESS, pending };
      expect(faultOf(change({ ...FACTS, checkpoint: begun })).code).toBe("LINEAGE_REWOUND");
    }
  });

  const MADE = { snapshot: "7:9:", lsn: lsn(0x180n), atMs: 0 };
  it.each<[string, Change, string]>([
    ["stands where it was made", slot({ confirmedLsn: MADE.lsn }), "backfill"],
    ["stands below", slot({ confirmedLsn: lsn(0x17fn) }), "LINEAGE_REWOUND"],
    ["is past the WAL's end", lineage({ xlogPos: lsn(0x178n) }), "LINEAGE_REWOUND"],
    [
      "is a former one that a promoted standby had",
      (facts) =>
        lineage({ timeline: 3, timelineHistory: "1\t0/50\tx\n2\t0/200\tx" })(
          slot({ confirmedLsn: lsn(0x10n) })(facts),
        ),
      "backfill",
    ],
  ])("with the slot of an interrupted backfill, which %s", (_, change, outcome) => {
    const made = {
      commitLsn: lsn(MADE.lsn - 1n),
      slotSnapshot: MADE,
      pending: "backfill",
    } as const;
    const begun = { ...CHECKPOINT, ...NO_PROGRESS, ...made };
    const facts = slot({ confirmedLsn: MADE.lsn })({ ...FACTS, checkpoint: begun });
    const verdict = judge(change(facts));
    expect(verdict.kind === "halt" ? verdict.fault.code : verdict.kind).toBe(outcome);
  });

  it("does not finish at another cluster what was begun at one", () => {
    const begun = { ...CHECKPOINT, pending: "backfill" } as const;
    expect(faultOf({ ...FACTS, checkpoint: begun, slot: null, systemId: "8" }).code).toBe(
      "LINEAGE_FOREIGN",
    );
  });
});
