import { stringify } from "yaml";
import type { AlertRule, RuleFile } from "../../../scripts/alert-rules.ts";

const SECONDS: Readonly<Record<string, number>> = { m: 1, h: 60, d: 60 * 24 };
/** Prometheus keeps nothing from before the test anyway. */
const RANGE_SECONDS_MAX = 600;

/**
 * The same rules for a test that cannot wait: windows last a second for each minute, a condition must hold for one second,
 * and `thresholds` replace those of the same name.
 */
export function hurried({ rules }: RuleFile, thresholds: Readonly<Record<string, number>>): string {
  return stringify({
    groups: [{ name: "hurried", rules: rules.map((rule) => hurriedRule(rule, thresholds)) }],
  });
}

function hurriedRule(rule: AlertRule, thresholds: Readonly<Record<string, number>>): AlertRule {
  const expr = withShortRanges(rule.expr).replace(
    /(\S+) # threshold: (\w+)$/gm,
    (text, _, name: string) => `${thresholds[name] ?? text.split(" ")[0]} # threshold: ${name}`,
  );
  const { annotations } = rule;
  const description = withShortRanges(annotations.description);
  return {
    ...rule,
    expr,
    annotations: { ...annotations, description },
    ...(rule.for !== undefined && { for: "1s" }),
  };
}

function withShortRanges(text: string): string {
  return text.replace(/(?<=\[|offset )(\d+)([mhd])\b/g, (_, count: string, unit: string) => {
    const seconds = Number(count) * (SECONDS[unit] ?? 1);
    // A rate needs two scrapes within its window.
    return `${Math.min(Math.max(seconds, 3), RANGE_SECONDS_MAX)}s`;
  });
}
