import type { Answer, Question } from "./answer.ts";
import { textAnswer } from "./answer.ts";

/** One thing that a probe looks at. */
export interface Check {
  readonly name: string;
  /** Null while it is well; never a secret, and no more than a code: probes are open to everybody. */
  readonly problem: string | null;
}

/**
 * 200 when all is well, else 503. `?verbose`, and a probe that fails, gives a line for each check as the Kubernetes API server
 * does; otherwise the answer is `summary`.
 */
export function probeAnswer(
  probe: string,
  summary: string,
  checks: readonly Check[],
  { query }: Question,
): Answer {
  const isWell = checks.every(({ problem }) => problem === null);
  if (isWell && !query.has("verbose")) return textAnswer(200, summary);
  const lines = checks.map(({ name, problem }) =>
    problem === null ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
  );
  const verdict = `${probe} check ${isWell ? "passed" : "failed"}`;
  return textAnswer(isWell ? 200 : 503, [...lines, verdict].join("\n"));
}
