import type { MetricObjectWithValues, MetricValueWithName } from "prom-client";

export type ExpositionFormat = "text" | "openmetrics";

/** Media types by format. prom-client's own writer is not used: it renames counters for good when it writes OpenMetrics. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

type Family = MetricObjectWithValues<MetricValueWithName<string>>;

/** The format that an `Accept` header prefers; plain text unless OpenMetrics 1.0.0 is wanted at least as much. */
export function negotiate(accept: string | undefined): ExpositionFormat {
  const wanted = { text: 0, openmetrics: 0 };
  for (const range of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? 1);
    const version = parameters.find((one) => one.startsWith("version="))?.slice(8) ?? "1.0.0";
    if (Number.isNaN(quality)) continue;
    if (type === "application/openmetrics-text" && version === "1.0.0") {
      wanted.openmetrics = Math.max(wanted.openmetrics, quality);
    } else if (type === "text/plain") {
      wanted.text = Math.max(wanted.text, quality);
    }
  }
  const prefersOpenMetrics = wanted.openmetrics > 0 && wanted.openmetrics >= wanted.text;
  return prefersOpenMetrics ? "openmetrics" : "text";
}

/** Families without samples are left out. */
export function expose(families: readonly Family[], format: ExpositionFormat): string {
  const isOpen = format === "openmetrics";
  const parts = families
    .filter(({ values }) => values.length > 0)
    .map(({ name, help, type, values }) => {
      // OpenMetrics names the family of a counter without its suffix.
      const family = isOpen && String(type) === "counter" ? name.replace(/_total$/, "") : name;
      const head = `# HELP ${family} ${escapeHelp(help, isOpen)}\n# TYPE ${family} ${type}\n`;
      return head + values.map((sample) => line(sample, name)).join("");
    });
  return parts.join("") + (isOpen ? "# EOF\n" : "");
}

function line({ metricName, labels, value }: MetricValueWithName<string>, name: string): string {
  const { le, ...own } = labels;
  const all = Object.entries(le === undefined ? own : { ...own, le });
  const shown = all.map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  const set = shown.length === 0 ? "" : `{${shown.join(",")}}`;
  return `${metricName ?? name}${set} ${number(value)}\n`;
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function escapeHelp(text: string, isOpen: boolean): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return isOpen ? escaped.replaceAll('"', '\\"') : escaped;
}

function escapeLabel(value: string | number | undefined): string {
  return String(value ?? "")
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll('"', '\\"');
}
