import { metricDefinitions } from "../../../src/ops/metrics/definitions.ts";

/** What a PromQL expression asks for: one metric with its matchers. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
  /** As it stands there, `{...}` included. */
  readonly text: string;
}

const NAME = /(?<![\w"$.])((?:relay|process|nodejs|pg|up)(?:_\w+)?)\b(?!\s*\()(\{[^}]*\})?/g;
/** Lists of labels, which look like metrics where a label is called like one. */
const GROUPING = /\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g;
const LABEL = /(\w+)\s*(?:=~|!~|!=|=)\s*"/g;
const OF_HISTOGRAMS = /_(?:bucket|sum|count)$/;
/** Labels that Prometheus adds itself. */
const ADDED = new Set(["job", "instance", "namespace", "le", "quantile"]);

export function selectors(expr: string): readonly Selector[] {
  const plain = expr.replace(/#.*$/gm, "").replace(GROUPING, "");
  return [...plain.matchAll(NAME)].map(([text, metric = "", matchers = ""]) => ({
    metric,
    text,
    labels: [...matchers.matchAll(LABEL)].map(([, label = ""]) => label),
  }));
}

/** What of a query no relay exports: unknown metrics, and labels that a metric does not have. */
export function unknownParts(expr: string): readonly string[] {
  return selectors(expr).flatMap(({ metric, labels }) => {
    const known = definition(metric);
    if (known === undefined) return [metric];
    const unknown = labels.filter((label) => !ADDED.has(label) && !known.labels.includes(label));
    return unknown.map((label) => `${metric}{${label}}`);
  });
}

/** Whether `rate` or the like belongs around it: a counter, or a part of a histogram. */
export function isCounter(metric: string): boolean {
  return definition(metric)?.type !== "gauge";
}

const definitions = metricDefinitions();

function definition(metric: string): (typeof definitions)[number] | undefined {
  const base = metric.replace(OF_HISTOGRAMS, "");
  return definitions.find(({ name }) => name === metric || name === base);
}
