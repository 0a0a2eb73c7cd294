import type { AgedTransaction, SlotSight } from "../../../src/ops/slot-sight.ts";
import type { SlotFacts } from "../../../src/relay/capture/source-database.ts";
import { lsn } from "../../../src/relay/lsn.ts";

export const GIB = 1024 ** 3;

/** A healthy slot, but for what is given. */
export function slotFacts(facts: Partial<SlotFacts> = {}): SlotFacts {
  return {
    name: "billing",
    plugin: "pgoutput",
    database: "shop",
    temporary: false,
    isSynced: false,
    active: true,
    activePid: 7,
    confirmedLsn: lsn(100n),
    restartLsn: lsn(100n),
    walStatus: "reserved",
    invalidationReason: null,
    retainedBytes: 0,
    unconfirmedBytes: 0,
    safeWalBytes: null,
    catalogXminAge: 1,
    walEnd: lsn(100n),
    serverStart: "1",
    ...facts,
  };
}

export function slotSight(
  facts: Partial<SlotFacts> = {},
  sight: Partial<Omit<SlotSight, "facts">> = {},
): SlotSight {
  return {
    facts: slotFacts(facts),
    room: null,
    growthBytesPerSecond: null,
    exhaustionSeconds: null,
    oldestTransaction: null,
    spilled: null,
    failoverGap: null,
    ...sight,
  };
}

export function transaction(parts: Partial<AgedTransaction> = {}): AgedTransaction {
  return { pid: 4711, gid: null, xid: "900", seconds: 3_600, ...parts };
}
