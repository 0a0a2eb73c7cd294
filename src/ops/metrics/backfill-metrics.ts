import type { BackfillProgress } from "../../relay/backfill/backfilled-stream.ts";
import type { Meter } from "./meter.ts";

/** How far the rows from before the slot have come; nothing where there was no backfill. */
export function addBackfillMetrics(meter: Meter, progress: () => BackfillProgress | null): void {
  meter.section("Backfill");
  meter.gauge(
    {
      name: "relay_backfill_rows",
      help: "Rows from before the slot: candidates, found at Kafka (skipped), sent; absent where there was no backfill",
      labels: ["kind"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      const now = progress();
      if (now === null) return;
      for (const kind of ["candidates", "skipped", "sent"] as const) put({ kind }, now[kind]);
    },
  );
}
