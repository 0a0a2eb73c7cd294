import type { MetricDefinition } from "./meter.ts";
import { Metrics } from "./metrics.ts";

const SILENT_LOG = {
  phantom: () => undefined,
  moved: () => undefined,
  backfilled: () => undefined,
  backfillEnded: () => undefined,
  note: () => undefined,
  warning: () => undefined,
  error: () => undefined,
};

/** Every metric that a relay can export, with its labels, in the order of docs/metrics.md; the process's own last. */
export function metricDefinitions(): readonly MetricDefinition[] {
  const metrics = new Metrics(
    () => undefined,
    () => null,
    SILENT_LOG,
    {
      identity: { version: "", slot: "", publication: "", delivery: "" },
      limits: { seriesMax: 1, latencyBuckets: [1] },
      bufferBytesMax: 0,
      withRuntime: true,
    },
  );
  return metrics.meter.definitions;
}
