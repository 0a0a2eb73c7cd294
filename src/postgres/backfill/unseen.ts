import { sqlTableName } from "../table-name.ts";
import type { RepairFacts } from "./repair-facts.ts";

/** What a look at the tables cannot tell, for those who decide by its numbers. `odd`: rows whose `txid` tells nothing. */
export function unseen(tables: readonly RepairFacts[], odd: number): string[] {
  const notes = [
    "rows that were deleted from the tables before they were published cannot be seen",
  ];
  for (const { txid, hasWriteOrder, ...table } of tables) {
    const name = sqlTableName(table);
    if (txid?.type !== "xid8") {
      notes.push(
        `${name} has no column txid of type xid8: its topics are read from their beginning`,
      );
    }
    if (!hasWriteOrder) {
      notes.push(
        `${name} has no column write_order: rows that one statement wrote come in the order of their places, which may be another one`,
      );
    }
  }
  if (odd > 0) {
    notes.push(
      `${odd} rows have no txid, or one that is not their transaction's: whether they are candidates is told by xmin, and their order is a guess`,
    );
  }
  return notes;
}
