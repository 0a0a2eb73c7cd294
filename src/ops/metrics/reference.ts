import { metricDefinitions } from "./definitions.ts";
import type { MetricDefinition } from "./meter.ts";
import { RUNTIME } from "./runtime-metrics.ts";

const INTRODUCTION = `# Metrics

<!-- Generated from src/ops/metrics/ by \`npm run generate\`; do not edit. -->

\`/metrics\` serves them in Prometheus's text format, and in OpenMetrics to those who ask for it. \`RELAY_METRICS_ENABLED=false\`
turns that off.

- What is not known is absent, never 0.
- *Leader*: gauges are there while the relay holds the slot, counters and histograms from the first time it took it. A relay that has only
  stood by has none of them. \`sum\` and \`max\` over all relays of a slot are right without a filter.
- Counters begin at 0 for the label values that are known beforehand. Topics and tables beyond \`RELAY_METRICS_MAX_SERIES_PER_LABEL\` are
  counted as \`other\`. No label holds a key, an id or text of an error.
- Times are seconds, sizes are bytes, \`_timestamp_seconds\` are seconds since 1970.
`;

/** docs/metrics.md: every metric of ours; those of the process differ by platform and are named only. */
export function metricsMarkdown(): string {
  const sections = Map.groupBy(metricDefinitions(), ({ section }) => section);
  const ours = [...sections].filter(([title]) => title !== RUNTIME);
  return `${INTRODUCTION}\n${ours.map(([title, members]) => table(title, members)).join("\n")}\n${runtime()}`;
}

function table(title: string, members: readonly MetricDefinition[]): string {
  return `## ${title}\n\n| Name | Type | Labels | From | Meaning |\n| --- | --- | --- | --- | --- |\n${members.map(row).join("")}`;
}

function row({ name, type, labels, exporter, help }: MetricDefinition): string {
  const shown = labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${name}\` | ${type} | ${shown} | ${exporter} | ${help.replaceAll("|", "\\|")} |\n`;
}

function runtime(): string {
  return `## ${RUNTIME}

From every relay, as the client library has them; Linux has the most. Worth watching: \`process_resident_memory_bytes\`,
\`process_cpu_seconds_total\`, \`process_open_fds\`, \`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_heap_size_used_bytes\`,
\`nodejs_external_memory_bytes\`, \`nodejs_gc_duration_seconds\`.
`;
}
