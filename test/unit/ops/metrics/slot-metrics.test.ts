import { beforeEach, describe, expect, it } from "@jest/globals";
import { Meter } from "../../../../src/ops/metrics/meter.ts";
import { addSlotMetrics } from "../../../../src/ops/metrics/slot-metrics.ts";
import type { RelayView } from "../../../../src/ops/relay-view.ts";
import type { SlotSight } from "../../../../src/ops/slot-sight.ts";
import { slotSight, transaction } from "../slot-sights.ts";

let meter: Meter;
let sight: SlotSight | null;
let slots: { errors: number; isGone: boolean };

beforeEach(() => {
  meter = new Meter("billing");
  sight = null;
  slots = { errors: 0, isGone: false };
  const relay = { state: { reason: null } };
  addSlotMetrics(meter, () => ({ slot: sight, slots, relay }) as unknown as RelayView);
});

async function samples(): Promise<string[]> {
  const lines = (await meter.render("text")).split("\n");
  return lines.filter((line) => line.startsWith("relay_slot_"));
}

describe("the slot's metrics", () => {
  it("are absent, not 0, while the slot is not seen", async () => {
    slots.errors = 2;
    expect(await samples()).toEqual(['relay_slot_scrape_errors_total{slot="billing"} 2']);
  });

  it("tell of a slot that was there and is gone", async () => {
    slots.isGone = true;
    expect(await samples()).toContain('relay_slot_invalidated{slot="billing"} 1');
  });

  it("leave out what nobody knows", async () => {
    sight = slotSight();
    const names = (await samples()).join("\n");
    for (const name of ["safe_wal", "growth", "exhaustion", "oldest_transaction", "spilled"]) {
      expect(names).not.toContain(name);
    }
    expect(names).toContain('relay_slot_retained_wal_bytes{slot="billing"} 0');
  });

  it("tell what is retained, how much is safe, when it ends, and who holds it", async () => {
    sight = slotSight(
      { retainedBytes: 30, unconfirmedBytes: 10, safeWalBytes: 70, walStatus: "extended" },
      {
        growthBytesPerSecond: 7,
        exhaustionSeconds: 10,
        oldestTransaction: transaction(),
        failoverGap: "no standby is connected",
        spilled: { transactions: 2, bytes: 4096 },
      },
    );
    expect(await samples()).toEqual(
      expect.arrayContaining([
        'relay_slot_retained_wal_bytes{slot="billing"} 30',
        'relay_slot_unconfirmed_wal_bytes{slot="billing"} 10',
        'relay_slot_safe_wal_bytes{slot="billing"} 70',
        'relay_slot_wal_growth_bytes_per_second{slot="billing"} 7',
        'relay_slot_exhaustion_seconds{slot="billing"} 10',
        'relay_slot_catalog_xmin_age{slot="billing"} 1',
        'relay_slot_invalidated{slot="billing"} 0',
        'relay_slot_spilled_transactions_total{slot="billing"} 2',
        'relay_slot_spilled_bytes_total{slot="billing"} 4096',
        'relay_slot_failover_ready{slot="billing"} 0',
        'relay_slot_oldest_transaction_seconds{slot="billing"} 3600',
        'relay_slot_wal_status{slot="billing",status="extended"} 1',
        'relay_slot_wal_status{slot="billing",status="reserved"} 0',
        'relay_slot_wal_status{slot="billing",status="unreserved"} 0',
        'relay_slot_wal_status{slot="billing",status="lost"} 0',
      ]),
    );
  });
});
