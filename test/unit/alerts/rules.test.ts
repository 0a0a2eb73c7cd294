import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { ALERTS_FOLDER, ruleFiles, thresholdsOf } from "../../../scripts/alert-rules.ts";
import { unknownParts } from "../../support/monitoring/selectors.ts";

const TESTS = fileURLToPath(new URL("../../alerts/", import.meta.url));
const SEVERITIES = ["critical", "warning", "info"];

const files = ruleFiles();
const rules = files.flatMap((file) => file.rules);

interface PromtoolTest {
  readonly name: string;
}

/** Standard output of promtool, or a failure with what it said. */
function promtool(...argv: readonly string[]): string {
  try {
    return execFileSync("promtool", argv, { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as Record<string, string | undefined>;
    if (code === "ENOENT") throw new Error("promtool is missing: apt-get install prometheus");
    throw new Error(`promtool ${argv.join(" ")}\n${stdout}${stderr}`);
  }
}

function promtoolTests(): PromtoolTest[] {
  return readdirSync(TESTS).flatMap(
    (name) => (parse(readFileSync(TESTS + name, "utf8")) as { tests: PromtoolTest[] }).tests,
  );
}

describe("alert rules", () => {
  it.each(files)("$name is a rule file that Prometheus takes", ({ name }) => {
    expect(promtool("check", "rules", ALERTS_FOLDER + name)).toContain("SUCCESS");
  });

  it.each(readdirSync(TESTS))("fire, stay silent and speak as %s says", (name) => {
    expect(promtool("test", "rules", TESTS + name)).toContain("SUCCESS");
  });

  it.each(rules)(
    "$alert ($labels.severity) is tested to fire, and not to fire just below",
    (rule) => {
      const told = promtoolTests().map(({ name }) => name);
      const name = `${rule.alert} (${rule.labels.severity})`;
      expect(told.filter((one) => one.startsWith(`${name} fires when `))).not.toEqual([]);
      expect(told.filter((one) => one.startsWith(`${name} does not fire when `))).not.toEqual([]);
    },
  );

  it.each(rules)(
    "$alert tells value, next command and runbook",
    ({ alert, labels, annotations }) => {
      expect(SEVERITIES).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(10);
      const isAbsence = alert === "RelayDown";
      expect(/\{\{[^}]*\$value/.test(annotations.description) || isAbsence).toBe(true);
      expect(annotations.description).toMatch(/ Next: \S/);
      expect(annotations.runbook_url).toMatch(new RegExp(`/docs/runbooks/${alert}\\.md$`));
    },
  );

  it.each(files)(
    "of $name ask only for metrics and labels that are exported",
    ({ name, rules: own }) => {
      const foreign = name === "postgres-exporter.yaml" ? /^pg_/ : /^$/;
      const unknown = own
        .flatMap(({ expr }) => unknownParts(expr))
        .filter((part) => !foreign.test(part));
      expect(unknown).toEqual([]);
    },
  );

  it("have runbooks at one place, so that a tool can put another in front", () => {
    const bases = rules.map(({ annotations }) => annotations.runbook_url.replace(/\w+\.md$/, ""));
    expect(new Set(bases).size).toBe(1);
  });
});

describe("thresholds", () => {
  const thresholds = rules.flatMap(({ expr }) => thresholdsOf(expr));

  it("are numbers with one name each, and one number for each name", () => {
    expect(thresholds).not.toEqual([]);
    for (const { value } of thresholds) expect(Number(value)).not.toBeNaN();
    const names = thresholds.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("are marked wherever a rule compares with a number other than 0 and 1", () => {
    const unmarked = rules.flatMap(({ alert, expr }) =>
      expr
        .split("\n")
        .filter((line) => / [<>] \S+$/.test(line) && !/ [<>] [01]$/.test(line))
        .map((line) => `${alert}: ${line}`),
    );
    expect(unmarked).toEqual([]);
  });

  it("can be changed in the text of the file as it stands", () => {
    const [file] = files.filter(({ name }) => name === "outbox-relay.yaml");
    const changed = file?.text.replace(/\S+(?= # threshold: lagWarningSeconds$)/m, "90") ?? "";
    const [rule] = (parse(changed) as { groups: { rules: typeof rules }[] }).groups
      .flatMap((group) => group.rules)
      .filter(({ alert }) => alert === "RelayLagHigh");
    expect(rule?.expr).toContain("> 90 # threshold");
  });
});
