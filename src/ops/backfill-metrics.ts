import type { BackfillProgress } from "../relay/backfill/backfilled-stream.ts";
import type { Gauges } from "./gauges.ts";

/** How far the rows from before the slot have come; nothing where there was no backfill. */
export function addBackfillGauges(
  gauges: Gauges,
  slot: string,
  progress: () => BackfillProgress | null,
): void {
  gauges.add(
    "relay_backfill_rows",
    "Rows from before the slot: candidates, found at Kafka, sent; absent where there was no backfill",
    ["slot", "kind"],
    (gauge) => {
      const now = progress();
      if (now === null) return;
      for (const kind of ["candidates", "skipped", "sent"] as const) {
        gauge.set({ slot, kind }, now[kind]);
      }
    },
  );
}
