import { describe, expect, it } from "@jest/globals";
import type { Section } from "../../../src/cli/doctor/report.ts";
import { hasFailed, repairSql, reportJson, reportText } from "../../../src/cli/doctor/report.ts";
import type { Finding } from "../../../src/relay/finding.ts";

const WARNING: Finding = {
  code: "CONFIG_PUBLICATION",
  severity: "warning",
  message: "publication p also publishes updates",
  hint: "Run ALTER PUBLICATION p SET (publish = 'insert');",
  sql: ["ALTER PUBLICATION p SET (publish = 'insert');"],
};
const FAULT: Finding = {
  code: "KAFKA_UNREACHABLE",
  severity: "retry",
  message: "Kafka does not answer at k:9092",
  hint: "Start it.",
};

function section(...findings: readonly (Finding | null)[]): Section {
  return {
    title: "Side",
    checks: findings.map((finding, i) => ({
      title: `check ${i}`,
      why: `reason ${i}`,
      seen: finding?.severity === "retry" ? null : `seen ${i}`,
      findings: finding === null ? [] : [finding],
    })),
  };
}

const SKIPPED: Section = {
  title: "Both",
  checks: [{ title: "fit", why: "w", seen: null, findings: [] }],
};

describe("doctor's report", () => {
  it("has a line for each check, and under what is not OK the reason and the next step", () => {
    expect(reportText([section(null, WARNING, FAULT), SKIPPED], false)).toBe(`Side
  OK    check 0  seen 0
  WARN  check 1  seen 1
        why: reason 1
        CONFIG_PUBLICATION: publication p also publishes updates
        next: Run ALTER PUBLICATION p SET (publish = 'insert');
  FAIL  check 2  not asked
        why: reason 2
        KAFKA_UNREACHABLE: Kafka does not answer at k:9092
        next: Start it.

Both
  SKIP  fit      not asked

1 ok, 1 to look at, 1 failed, 1 not asked
`);
  });

  it("colours the verdict alone, and only where it is asked to", () => {
    const plain = reportText([section(null)], false);
    expect(plain).not.toContain("\u001b");
    expect(reportText([section(null)], true)).toBe(
      plain.replace("OK  ", "\u001b[32mOK  \u001b[0m"),
    );
  });

  it("fails for what halts and for what may pass, not for warnings", () => {
    expect(hasFailed([section(WARNING)])).toBe(false);
    expect(hasFailed([section(FAULT)])).toBe(true);
    expect(hasFailed([section({ ...WARNING, severity: "halt" })])).toBe(true);
  });

  it("says the same as JSON", () => {
    expect(JSON.parse(reportJson([section(WARNING)]))).toEqual({
      failed: false,
      checks: [
        {
          section: "Side",
          title: "check 0",
          verdict: "WARN",
          why: "reason 0",
          seen: "seen 0",
          findings: [WARNING],
        },
      ],
    });
  });
});

describe("doctor's SQL", () => {
  it("gives each statement its reason, and stays SQL where there is nothing to correct", () => {
    expect(repairSql([section(WARNING, FAULT)])).toBe(
      "-- CONFIG_PUBLICATION: publication p also publishes updates\nALTER PUBLICATION p SET (publish = 'insert');\n",
    );
    expect(repairSql([section(FAULT)])).toMatch(/^--[^\n]*\n$/);
  });

  it("has no statement that is part of a name in the catalog", () => {
    const message = "publication p has the row filter x <> '\n; ALTER ROLE app SUPERUSER; --'";
    const lines = repairSql([section({ ...WARNING, message })]).split("\n");
    expect(lines.filter((line) => !line.startsWith("--") && line !== "")).toEqual(WARNING.sql);
    const report = reportText([section({ ...WARNING, message: `${message}\u001b[2J` })], false);
    expect(report).not.toContain("\u001b");
    expect(report).not.toMatch(/^; ALTER/m);
  });
});
