import { describe, expect, it } from "@jest/globals";
import type { Situation } from "../../../src/relay/operate/situation.ts";
import { isRepairable } from "../../../src/relay/operate/situation.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import { NO_PROGRESS } from "../../../src/relay/progress.ts";
import type { Checkpoint } from "../../../src/relay/settle/checkpoint.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/relay/settle/checkpoint.ts";
import type { ContinuityFacts } from "../../../src/relay/settle/continuity.ts";
import { judge } from "../../../src/relay/settle/continuity.ts";
import { CHECKPOINT as PUBLISHED } from "./continuity-facts.ts";

/** Before anything was published, on the first timeline. */
const CHECKPOINT: Checkpoint = {
  ...PUBLISHED,
  ...NO_PROGRESS,
  timeline: 1,
  shard: "0/2",
  witness: null,
};

function facts(shard: RelayOptions["shard"], checkpoint: Checkpoint): ContinuityFacts {
  return {
    ...{ name: "s", checkpoint, slot: null, lineage: null, systemId: "7", publication: "p" },
    ...{ databaseOid: null, catalog: null, tree: null },
    ...{ witness: null, config: "c", shard, slotCreate: "if-missing", snapshot: "never" },
  };
}

function codes(shard: RelayOptions["shard"], checkpoint: Checkpoint = CHECKPOINT): string[] {
  const verdict = judge(facts(shard, checkpoint));
  return verdict.kind === "halt" ? [...verdict.codes] : [verdict.kind];
}

describe("a checkpoint of a shard", () => {
  it.each([null, "1/2", "0/3"])(
    "halts a relay that is set to %j, and repair does not help",
    (shard) => {
      expect(codes(shard)).toContain("SHARD_CHANGED");
      const verdict = judge(facts(shard, CHECKPOINT));
      expect(isRepairable({ verdict } as Situation)).toBe(false);
    },
  );

  it("is repaired where only the slot is gone", () => {
    expect(codes("0/2")).toEqual(["GAP_SLOT_MISSING"]);
    expect(isRepairable({ verdict: judge(facts("0/2", CHECKPOINT)) } as Situation)).toBe(true);
  });

  it.each(["slot", "backfill"] as const)(
    "keeps another shard from finishing a %s that was begun",
    (pending) => {
      for (const shard of [null, "1/2", "0/3"]) {
        expect(codes(shard, { ...CHECKPOINT, pending })).toEqual(["SHARD_CHANGED"]);
      }
      expect(codes("0/2", { ...CHECKPOINT, pending })).not.toContain("SHARD_CHANGED");
    },
  );

  it("is told from one that was written before there were shards, which is of all keys", () => {
    const { shard, ...stored } = JSON.parse(
      new TextDecoder().decode(encodeCheckpoint({ ...CHECKPOINT, shard: null })),
    ) as Record<string, unknown>;
    expect(shard).toBeNull();
    const former = decodeCheckpoint(new TextEncoder().encode(JSON.stringify(stored)));
    expect(former.shard).toBeNull();
    expect(codes(null, former)).not.toContain("SHARD_CHANGED");
    expect(codes("0/2", former)).toContain("SHARD_CHANGED");
  });
});
