import { describe, expect, it } from "@jest/globals";
import type { ServerFacts } from "../../../src/postgres/preflight/facts.ts";
import { walFindings } from "../../../src/postgres/preflight/wal-findings.ts";
import type { SlotRow } from "../../../src/postgres/slot-row.ts";

const GIB = 1024 ** 3;

function seen(
  server: Partial<ServerFacts>,
  slot: Partial<SlotRow> | null = null,
  walBudgetBytes = 0,
): string[] {
  const facts = { slotWalKeepMib: -1, idleSlotTimeoutSeconds: null, ...server } as ServerFacts;
  return walFindings(facts, slot as SlotRow | null, walBudgetBytes).map(
    ({ severity, code, message, hint }) => `${severity} ${code} ${message} ${hint}`,
  );
}

describe("the limits of what a slot may retain", () => {
  it("are no reason to warn on a server as it comes", () => {
    expect(seen({})).toEqual([]);
    expect(seen({ idleSlotTimeoutSeconds: 0 }, { retainedBytes: GIB / 2 })).toEqual([]);
    expect(seen({ slotWalKeepMib: 1024 })).toEqual([]);
  });

  it("are warned of when a short outage would cost the slot", () => {
    const [warning] = seen({ slotWalKeepMib: 64 });
    expect(warning).toMatch(/^warning CONFIG_SLOT_WAL_LIMIT max_slot_wal_keep_size is 64 MB/);
    expect(warning).toContain("ALTER SYSTEM SET max_slot_wal_keep_size");
  });

  it("are missed as soon as much is retained, unless the relay knows the disk", () => {
    const slot = { name: "billing", retainedBytes: 3 * GIB };
    const [warning] = seen({}, slot);
    expect(warning).toMatch(/CONFIG_SLOT_WAL_LIMIT slot "billing" retains 3 GiB.*RELAY_WAL_BUDGET/);
    expect(seen({}, slot, 50 * GIB)).toEqual([]);
    expect(seen({ slotWalKeepMib: 10_240 }, slot)).toEqual([]);
  });

  it("of a stopped relay are warned of where Postgres takes idle slots away", () => {
    expect(seen({ idleSlotTimeoutSeconds: 3_600 })[0]).toMatch(
      /^warning CONFIG_SLOT_IDLE_TIMEOUT idle_replication_slot_timeout is 3600 s/,
    );
  });
});
