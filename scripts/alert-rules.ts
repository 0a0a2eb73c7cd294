import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const ALERTS_FOLDER = fileURLToPath(new URL("../config/alerts/", import.meta.url));

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** As Prometheus writes durations; absent: at once. */
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

export interface RuleFile {
  /** Within config/alerts/. */
  readonly name: string;
  readonly text: string;
  readonly rules: readonly AlertRule[];
}

interface Document {
  readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
}

export function ruleFiles(): readonly RuleFile[] {
  return readdirSync(ALERTS_FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => {
      const text = readFileSync(ALERTS_FOLDER + name, "utf8");
      const rules = (parse(text) as Document).groups.flatMap((group) => group.rules);
      return { name, text, rules };
    });
}

export interface Threshold {
  readonly name: string;
  readonly value: string;
}

const THRESHOLD = /(\S+) # threshold: (\w+)$/gm;

/** The numbers of a rule that an installation may change. */
export function thresholdsOf(text: string): readonly Threshold[] {
  return [...text.matchAll(THRESHOLD)].map(([, value = "", name = ""]) => ({ name, value }));
}

/** One line for each rule, as docs/monitoring.md shows it. */
export function alertTable({ rules }: RuleFile): string {
  const rows = rules.map((rule) => {
    const page = `[${rule.alert}](runbooks/${rule.alert}.md)`;
    const thresholds = thresholdsOf(rule.expr).map(({ name, value }) => `\`${name}\` ${value}`);
    const cells = [page, rule.labels.severity, meaningOf(rule), rule.for ?? "at once"];
    return `| ${[...cells, thresholds.join("<br>")].join(" | ")} |`;
  });
  return `| Alert | Severity | Tells | For | Thresholds |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}`;
}

/** The summary without what only a firing alert knows. */
function meaningOf({ annotations }: AlertRule): string {
  return annotations.summary
    .replace(/\{\{ ?with [^}]*\}\}.*?\{\{ ?end ?\}\}/g, "")
    .replace(/\{\{ ?\$value ?\}\}/g, "Several")
    .replace(/\{\{ ?\$labels\.(\w+) ?\}\}/g, (_, label: string) => `*${label}*`)
    .trim();
}
