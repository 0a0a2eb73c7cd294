import { beforeEach, describe, expect, it } from "@jest/globals";
import { SlotAlarms } from "../../../src/ops/slot-alarms.ts";
import type { SlotSight } from "../../../src/ops/slot-sight.ts";
import { GIB, slotSight, transaction } from "./slot-sights.ts";

const HOUR_MS = 3_600_000;
const STEP_MS = 5_000;

let lines: string[];
let alarms: SlotAlarms;
let nowMs: number;

beforeEach(() => {
  lines = [];
  nowMs = 0;
  alarms = new SlotAlarms(
    { walWarnBeforeMs: 4 * HOUR_MS, heldWarnAfterMs: HOUR_MS / 4 },
    {
      warning: ({ code, severity, message, hint }) =>
        void lines.push(`${severity} ${code} ${message} | ${hint}`),
      passed: (code, message) => void lines.push(`passed ${code} ${message}`),
    },
  );
});

/** Looks every five seconds for so long. */
function watch(seconds: number, sight: (second: number) => SlotSight): void {
  const endMs = nowMs + seconds * 1_000;
  for (; nowMs < endMs; nowMs += STEP_MS) alarms.look(sight(nowMs / 1_000), nowMs);
}

function forecast(seconds: number | null): SlotSight {
  return slotSight(
    { retainedBytes: 3.2 * GIB, unconfirmedBytes: 3.2 * GIB },
    {
      room: { limit: "slot", bytes: GIB },
      growthBytesPerSecond: 2 * 1024 ** 2,
      exhaustionSeconds: seconds,
    },
  );
}

describe("a slot that runs out of room", () => {
  it("is told once, with what is retained, how fast it grows, when it ends and the next command", () => {
    watch(600, () => forecast(7_800));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^warning SLOT_WAL_LOW slot "billing" retains 3\.2 GiB of WAL, growing by 2\.0 MiB\/s: in about 2 h 10 min max_slot_wal_keep_size is used up and the slot is lost.* \| .*outbox-relay status.*ALTER SYSTEM SET max_slot_wal_keep_size/,
    );
  });

  it("is told once again when that has passed", () => {
    watch(60, () => forecast(60));
    watch(600, () => slotSight({ retainedBytes: 0 }));
    expect(lines).toEqual([
      expect.stringContaining("warning SLOT_WAL_LOW"),
      'passed SLOT_WAL_LOW slot "billing" has room again: it retains 0 bytes',
    ]);
  });

  it("is not reported again and again while the forecast swings around the threshold", () => {
    watch(3_600, (second) => forecast(second % 60 < 30 ? 3.9 * 3_600 : 4.1 * 3_600));
    expect(lines).toHaveLength(1);
  });

  it("is not told for a moment's look", () => {
    watch(3_600, (second) => forecast(second % 60 < 10 ? 60 : null));
    expect(lines).toEqual([]);
  });

  it("is reported again when it comes back after it had passed", () => {
    for (let round = 0; round < 3; round += 1) {
      watch(60, () => forecast(60));
      watch(300, () => slotSight());
    }
    expect(lines.map((line) => line.split(" ")[0])).toEqual([
      ...["warning", "passed", "warning", "passed", "warning", "passed"],
    ]);
  });

  it("names the budget where that is what ends, and says so when it is over", () => {
    const over = slotSight(
      { retainedBytes: 60 * GIB },
      { room: { limit: "disk", bytes: -1 }, exhaustionSeconds: 0 },
    );
    watch(60, () => over);
    expect(lines[0]).toMatch(
      /retains 60\.0 GiB of WAL: any moment now RELAY_WAL_BUDGET is used up/,
    );
  });
});

describe("a transaction that stays open", () => {
  const held = slotSight(
    { retainedBytes: 2 * GIB, unconfirmedBytes: 0 },
    { oldestTransaction: transaction() },
  );

  it("is named with its pid and what it holds, once, and told when it has ended", () => {
    watch(600, () => held);
    watch(600, () => slotSight());
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^warning SLOT_HELD_BACK slot "billing" retains 2\.0 GiB of confirmed WAL for the transaction of pid 4711, open for 1 h \| .*pg_terminate_backend\(4711\)/,
    );
    expect(lines[1]).toBe('passed SLOT_HELD_BACK slot "billing" is no longer held back');
  });

  it("is followed by a line of its own when another one holds the slot after it", () => {
    watch(60, () => held);
    const next = transaction({ pid: 4712, xid: "901" });
    watch(60, () => slotSight(held.facts, { oldestTransaction: next }));
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain("pid 4712");
  });

  it("that was prepared is named by its identifier, quoted as SQL wants it", () => {
    const prepared = transaction({ pid: null, gid: "it's" });
    watch(60, () => slotSight(held.facts, { oldestTransaction: prepared }));
    expect(lines[0]).toContain("the prepared transaction 'it''s'");
    expect(lines[0]).toContain("rollback prepared 'it''s'");
  });

  it("is no reason to warn while it is young, or while it holds no WAL", () => {
    const young = transaction({ seconds: 600 });
    watch(60, () => slotSight(held.facts, { oldestTransaction: young }));
    const behind = { retainedBytes: 2 * GIB, unconfirmedBytes: 2 * GIB };
    watch(60, () => slotSight(behind, { oldestTransaction: transaction() }));
    expect(lines).toEqual([]);
  });
});

describe("warnings that are switched off", () => {
  it("do not come", () => {
    const off = { walWarnBeforeMs: 0, heldWarnAfterMs: 0 };
    alarms = new SlotAlarms(off, {
      warning: () => void lines.push("warning"),
      passed: () => void lines.push("passed"),
    });
    const worst = forecast(0);
    watch(600, () =>
      slotSight({ retainedBytes: GIB }, { ...worst, oldestTransaction: transaction() }),
    );
    expect(lines).toEqual([]);
  });
});
