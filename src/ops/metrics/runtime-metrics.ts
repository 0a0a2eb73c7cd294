import { collectDefaultMetrics, Registry } from "prom-client";
import type { Meter, Metered, MetricDefinition } from "./meter.ts";

/** The parts of prom-client's own metrics that its types do not show. */
interface DefaultMetric extends Metered {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition["type"];
  readonly labelNames: readonly string[];
}

/** Of the process and Node.js: CPU, memory, event loop, garbage collection. Which there are depends on the platform. */
export function addRuntimeMetrics(meter: Meter): void {
  meter.section(RUNTIME);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of registry.getMetricsAsArray() as unknown as DefaultMetric[]) {
    const { name, help, type, labelNames } = metric;
    meter.add(type, { name, help, labels: labelNames }, metric);
  }
}

export const RUNTIME = "Process and Node.js";
