import type { Check } from "../../relay/check.ts";
import { inertFinding } from "../../relay/finding.ts";
import { inert } from "../../relay/inert-text.ts";

export type Verdict = "OK" | "WARN" | "FAIL" | "SKIP";

/** Checks of one side, under its heading. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

const COLOURS: Readonly<Record<Verdict, number>> = { OK: 32, WARN: 33, FAIL: 31, SKIP: 90 };

/** The worst of a check's findings; SKIP where nothing could be asked and nothing is known to be wrong. */
export function verdictOf({ seen, findings }: Check): Verdict {
  if (findings.some(({ severity }) => severity !== "warning")) return "FAIL";
  if (findings.length > 0) return "WARN";
  return seen === null ? "SKIP" : "OK";
}

/** One line for each check, and under those that are not OK what is wrong, why it matters, and what to do. */
export function reportText(sections: readonly Section[], isColoured: boolean): string {
  const width = Math.max(
    ...sections.flatMap(({ checks }) => checks.map(({ title }) => title.length)),
  );
  const paint = (verdict: Verdict): string => {
    const word = verdict.padEnd(4);
    return isColoured ? `\u001b[${COLOURS[verdict]}m${word}\u001b[0m` : word;
  };
  const parts = sections.map(({ title, checks }) => {
    const lines = checks.map((one) => lineOf(one, paint, width));
    return `${title}\n${lines.join("")}`;
  });
  return `${parts.join("\n")}\n${summary(sections)}\n`;
}

function lineOf(one: Check, paint: (verdict: Verdict) => string, width: number): string {
  const seen = inert(one.seen ?? "not asked");
  const head = `  ${paint(verdictOf(one))}  ${one.title.padEnd(width)}  ${seen}\n`;
  if (one.findings.length === 0) return head;
  const indent = " ".repeat(8);
  const told = one.findings
    .map(inertFinding)
    .map(({ code, message, hint }) => `${indent}${code}: ${message}\n${indent}next: ${hint}\n`);
  return `${head}${indent}why: ${one.why}\n${told.join("")}`;
}

function summary(sections: readonly Section[]): string {
  const verdicts = sections.flatMap(({ checks }) => checks.map(verdictOf));
  const count = (wanted: Verdict): number =>
    verdicts.filter((verdict) => verdict === wanted).length;
  const skipped = count("SKIP");
  return `${count("OK")} ok, ${count("WARN")} to look at, ${count("FAIL")} failed${skipped > 0 ? `, ${skipped} not asked` : ""}`;
}

/** The same for machines. */
export function reportJson(sections: readonly Section[]): string {
  const checks = sections.flatMap(({ title: section, checks: members }) =>
    members.map((one) => {
      const { title, why, seen } = one;
      const told = {
        seen: seen === null ? null : inert(seen),
        findings: one.findings.map(inertFinding),
      };
      return { section, title, verdict: verdictOf(one), why, ...told };
    }),
  );
  return `${JSON.stringify({ failed: hasFailed(sections), checks }, null, 2)}\n`;
}

export function hasFailed(sections: readonly Section[]): boolean {
  return sections.some(({ checks }) => checks.some((one) => verdictOf(one) === "FAIL"));
}

/** Statements that correct what SQL alone can correct, each with its reason as a comment. */
export function repairSql(sections: readonly Section[]): string {
  const findings = sections
    .flatMap(({ checks }) => checks.flatMap((one) => one.findings))
    // A line end in the reason would end the comment, and a superuser pipes this to psql.
    .map(inertFinding);
  const parts = findings
    .filter(({ sql }) => sql !== undefined)
    .map(({ code, message, sql = [] }) => `-- ${code}: ${message}\n${sql.join("\n")}\n`);
  return parts.length === 0 ? "-- nothing that SQL alone would correct\n" : parts.join("\n");
}
