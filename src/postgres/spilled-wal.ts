import type { SpilledWal } from "../relay/capture/source-database.ts";
import type { Ask } from "./preflight/read-facts.ts";

/** Transactions that outgrew `logical_decoding_work_mem` go to disk and come back: slow, and worth knowing. */
export async function readSpilled(ask: Ask, slot: string): Promise<SpilledWal | null> {
  const [row] = await ask<{ transactions: string; bytes: string }>(
    "select spill_txns::text as transactions, spill_bytes::text as bytes from pg_stat_replication_slots where slot_name = $1",
    [slot],
  );
  if (row === undefined) return null;
  return { transactions: Number(row.transactions), bytes: Number(row.bytes) };
}
