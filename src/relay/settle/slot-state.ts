import type { SlotFacts } from "../capture/source-database.ts";

/** Whether the WAL that the slot needs is still there. */
export function isReadable({ walStatus, invalidationReason }: SlotFacts): boolean {
  return walStatus !== "lost" && invalidationReason === null;
}
