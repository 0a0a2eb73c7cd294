import type { Lsn } from "../relay/lsn.ts";
import { formatLsn } from "../relay/lsn.ts";
import type { SlotSight } from "./slot-sight.ts";

/** The part `slot` of `/status`. */
export function slotStatus(name: string, sight: SlotSight | null): Record<string, unknown> {
  const facts = sight?.facts ?? null;
  return {
    name,
    active: facts?.active ?? false,
    holder: facts?.holder ?? null,
    confirmedLsn: text(facts?.confirmedLsn),
    restartLsn: text(facts?.restartLsn),
    retainedBytes: facts?.retainedBytes ?? null,
    unconfirmedBytes: facts?.unconfirmedBytes ?? null,
    safeWalBytes: facts?.safeWalBytes ?? null,
    growthBytesPerSecond: sight?.growthBytesPerSecond ?? null,
    exhaustionSeconds: sight?.exhaustionSeconds ?? null,
    room: sight?.room ?? null,
    walStatus: facts?.walStatus ?? null,
    oldestTransaction: oldest(sight),
    failover:
      sight === null ? null : { ready: sight.failoverGap === null, reason: sight.failoverGap },
  };
}

function oldest(sight: SlotSight | null): Record<string, unknown> | null {
  if (sight === null || sight.oldestTransaction === null) return null;
  const { pid, gid, seconds } = sight.oldestTransaction;
  return { pid, prepared: gid, seconds };
}

function text(lsn: Lsn | null | undefined): string | null {
  return lsn === null || lsn === undefined ? null : formatLsn(lsn);
}
