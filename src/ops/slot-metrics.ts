import type { Gauges } from "./gauges.ts";
import type { SlotSight } from "./slot-sight.ts";

const WAL_STATUSES = ["reserved", "extended", "unreserved", "lost"] as const;

/** A figure of the slot; null when it is not known. */
interface SlotFigure {
  readonly name: string;
  readonly help: string;
  readonly of: (sight: SlotSight) => number | null;
}

const FIGURES: readonly SlotFigure[] = [
  {
    name: "relay_slot_active",
    help: "Whether Postgres sees a reader",
    of: ({ facts }) => (facts.active ? 1 : 0),
  },
  {
    name: "relay_slot_invalidated",
    help: "1 when the slot is lost",
    of: ({ facts }) => (facts.walStatus === "lost" || facts.invalidationReason !== null ? 1 : 0),
  },
  {
    name: "relay_slot_retained_wal_bytes",
    help: "Disk held by the slot: current WAL position less its restart position",
    of: ({ facts }) => facts.retainedBytes,
  },
  {
    name: "relay_slot_unconfirmed_wal_bytes",
    help: "Current WAL position less the position that the relay has confirmed",
    of: ({ facts }) => facts.unconfirmedBytes,
  },
  {
    name: "relay_slot_safe_wal_bytes",
    help: "WAL that may still be written before the slot can be lost; absent where max_slot_wal_keep_size sets no limit",
    of: ({ facts }) => facts.safeWalBytes,
  },
  {
    name: "relay_slot_wal_growth_bytes_per_second",
    help: "How fast the retained WAL grows over five minutes; absent during the first minute",
    of: ({ growthBytesPerSecond }) => growthBytesPerSecond,
  },
  {
    name: "relay_slot_exhaustion_seconds",
    help: "Until the slot is lost or RELAY_WAL_BUDGET is used up if nothing changes; absent when that is not in sight",
    of: ({ exhaustionSeconds }) => exhaustionSeconds,
  },
  {
    name: "relay_slot_catalog_xmin_age",
    help: "Transactions since the oldest one whose dead catalog rows the slot keeps from vacuum",
    of: ({ facts }) => facts.catalogXminAge,
  },
  {
    name: "relay_slot_oldest_transaction_seconds",
    help: "Age of the oldest open transaction that has written something; absent when there is none",
    of: ({ oldestTransaction }) => oldestTransaction?.seconds ?? null,
  },
  {
    name: "relay_slot_failover_ready",
    help: "1 when the slot would outlive a failover, as far as the primary can tell",
    of: ({ failoverGap }) => (failoverGap === null ? 1 : 0),
  },
];

/** What the last look at the slot showed; nothing while there was none. */
export function addSlotGauges(gauges: Gauges, slot: string): void {
  for (const { name, help, of } of FIGURES) {
    gauges.add(name, help, ["slot"], (gauge, { slot: sight }) => {
      const figure = sight === null ? null : of(sight);
      if (figure !== null) gauge.set({ slot }, figure);
    });
  }
  gauges.add(
    "relay_slot_wal_status",
    "1 for what Postgres says of the WAL that the slot needs",
    ["slot", "status"],
    (gauge, { slot: sight }) => {
      const status = sight?.facts.walStatus ?? null;
      if (status === null) return;
      for (const one of WAL_STATUSES) gauge.set({ slot, status: one }, one === status ? 1 : 0);
    },
  );
}
