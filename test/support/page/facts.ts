import type { HistorySample } from "../../../src/ops/history.ts";
import type { PageFacts } from "../../../src/ops/page/page-facts.ts";
import type { SlotSight } from "../../../src/ops/slot-sight.ts";
import { lsn } from "../../../src/relay/lsn.ts";

export const NOW_MS = Date.parse("2026-11-21T14:10:00.000Z");
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** A relay that streams, with an hour behind it in which Kafka was away once, and which was not seen for a while. */
export function pageFacts(facts: Partial<PageFacts> = {}): PageFacts {
  return {
    nowMs: NOW_MS,
    hasMetrics: true,
    instance: "outbox-relay-0",
    version: "0.1.0",
    slotName: "outbox_relay",
    state: { name: "streaming", sinceMs: NOW_MS - 7_800_000, reason: null },
    isLeader: true,
    lag: { seconds: 0.2, bytes: 4096 },
    publishedEvents: 1_254_018,
    slot: pageSlot(),
    kafka: { reachable: true, brokers: 3, connected: 3 },
    isPostgresReachable: true,
    samples: hour(),
    errors: [
      {
        code: "KAFKA_UNREACHABLE",
        message: "Kafka does not answer at kafka-1:9092 (RELAY_KAFKA_BROKERS)",
        hint: "Check RELAY_KAFKA_BROKERS and that the brokers run; the relay keeps trying.",
        firstMs: NOW_MS - 1_500_000,
        lastMs: NOW_MS - 1_260_000,
        count: 48,
      },
    ],
    ...facts,
  };
}

export function pageSlot(parts: Partial<SlotSight> = {}): SlotSight {
  return {
    facts: {
      name: "outbox_relay",
      plugin: "pgoutput",
      database: "shop",
      temporary: false,
      isSynced: false,
      active: true,
      activePid: 4711,
      holder: "relay:outbox-relay-0",
      confirmedLsn: lsn(0x16b374d848n),
      restartLsn: lsn(0x16b3740000n),
      walStatus: "reserved",
      invalidationReason: null,
      retainedBytes: 3.2 * GIB,
      unconfirmedBytes: 12 * MIB,
      safeWalBytes: 14 * GIB,
      catalogXminAge: 12,
      walEnd: lsn(0x16b4000000n),
      serverStart: "1",
    },
    room: { limit: "slot", bytes: 14 * GIB },
    growthBytesPerSecond: 2 * MIB,
    exhaustionSeconds: 7_140,
    oldestTransaction: { pid: 812, gid: null, xid: "900", seconds: 1_260 },
    spilled: null,
    failoverGap: "no standby is connected",
    ...parts,
  };
}

/** A look each ten seconds; the waves are made of the numbers themselves, so that every run sees the same. */
export function hour(): HistorySample[] {
  return Array.from({ length: 360 }, (_, at) => {
    const isAway = at > 205 && at < 232;
    const wave = Math.sin(at / 23) + Math.sin(at / 7) / 3;
    const rate = 620 + wave * 180;
    return {
      atMs: NOW_MS - (359 - at) * 10_000,
      lagSeconds: isAway ? (at - 205) * 10 : 0.2 + Math.abs(wave) / 10,
      lagBytes: 0,
      eventsPerSecond: isAway ? 0 : at > 231 && at < 240 ? rate * 3 : rate,
      retainedBytes: (2 + at / 300 + (at % 12) / 100) * GIB,
    };
  }).filter((_, at) => at < 80 || at > 95);
}
