import type { Check } from "../../relay/check.ts";
import type { Finding } from "../../relay/finding.ts";

/** A check with its answer; findings that are null were not made. */
export function check(
  title: string,
  why: string,
  answer: { readonly seen: string; readonly findings?: readonly (Finding | null)[] },
): Check {
  const { seen, findings = [] } = answer;
  return { title, why, seen, findings: findings.filter((finding) => finding !== null) };
}
