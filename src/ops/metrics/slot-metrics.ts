import type { RelayView } from "../relay-view.ts";
import type { SlotSight } from "../slot-sight.ts";
import type { Meter } from "./meter.ts";

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

/** What the last look at the slot showed; nothing while there was none. Every relay looks. */
export function addSlotMetrics(meter: Meter, view: () => RelayView | null): void {
  meter.section("Slot");
  for (const { name, help, of } of FIGURES) {
    meter.gauge({ name, help, isPerSlot: true }, (put) => {
      const sight = view()?.slot ?? null;
      const figure = sight === null ? null : of(sight);
      if (figure !== null) put({}, figure);
    });
  }
  addInvalidated(meter, view);
  addWalStatus(meter, view);
  addSpilled(meter, view);
  meter.tallied(
    {
      name: "relay_slot_scrape_errors_total",
      help: "Looks at the slot that failed",
      isPerSlot: true,
    },
    (put) => put({}, view()?.slots.errors ?? 0),
  );
}

function addInvalidated(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_slot_invalidated",
      help: "1 when the slot is lost, or is not there although it was",
      isPerSlot: true,
    },
    (put) => {
      const seen = view();
      if (seen === null) return;
      const facts = seen.slot?.facts ?? null;
      const isGone = seen.slots.isGone || seen.relay.state.reason?.code === "GAP_SLOT_MISSING";
      if (facts === null && !isGone) return;
      const isLost = facts?.walStatus === "lost" || (facts?.invalidationReason ?? null) !== null;
      put({}, isGone || isLost ? 1 : 0);
    },
  );
}

function addWalStatus(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_slot_wal_status",
      help: "1 for what Postgres says of the WAL that the slot needs",
      labels: ["status"],
      isPerSlot: true,
    },
    (put) => {
      const status = view()?.slot?.facts.walStatus ?? null;
      if (status === null) return;
      for (const one of WAL_STATUSES) put({ status: one }, one === status ? 1 : 0);
    },
  );
}

const SPILLED = [
  {
    name: "relay_slot_spilled_transactions_total",
    help: "Transactions that Postgres wrote to disk while decoding, because they are larger than logical_decoding_work_mem",
    of: (sight: SlotSight) => sight.spilled?.transactions ?? null,
  },
  {
    name: "relay_slot_spilled_bytes_total",
    help: "Bytes of decoded transactions that Postgres wrote to disk",
    of: (sight: SlotSight) => sight.spilled?.bytes ?? null,
  },
] as const;

function addSpilled(meter: Meter, view: () => RelayView | null): void {
  for (const { name, help, of } of SPILLED) {
    meter.tallied({ name, help, isPerSlot: true }, (put) => {
      const sight = view()?.slot ?? null;
      const total = sight === null ? null : of(sight);
      if (total !== null) put({}, total);
    });
  }
}
