import { beforeEach, describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { Gauges } from "../../../src/ops/gauges.ts";
import type { RelayView } from "../../../src/ops/relay-view.ts";
import { addSlotGauges } from "../../../src/ops/slot-metrics.ts";
import type { SlotSight } from "../../../src/ops/slot-sight.ts";
import { slotSight, transaction } from "./slot-sights.ts";

let registry: Registry;
let sight: SlotSight | null;

beforeEach(() => {
  registry = new Registry();
  sight = null;
  const view = (): RelayView => ({ slot: sight }) as RelayView;
  addSlotGauges(new Gauges(registry, view), "billing");
});

async function samples(): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line.startsWith("relay_slot_"));
}

describe("the slot's metrics", () => {
  it("are absent, not 0, while the slot is not seen", async () => {
    expect(await samples()).toEqual([]);
  });

  it("leave out what nobody knows", async () => {
    sight = slotSight();
    const names = (await samples()).join("\n");
    for (const name of ["safe_wal", "growth", "exhaustion", "oldest_transaction"]) {
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
