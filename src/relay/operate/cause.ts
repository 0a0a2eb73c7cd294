import type { SourceDatabase } from "../capture/source-database.ts";
import { findingOf, preflightError } from "../finding.ts";
import { isAcceptable } from "../settle/halt.ts";

/**
 * Throws RelayError when publication or tables keep rows out of the stream now: a decision about the past would leave out
 * what is written from here on, and the relay halts again at its next start. `command`: what to run once they are right.
 */
export async function assertCauseIsGone(
  database: SourceDatabase,
  command: string,
  signal: AbortSignal,
): Promise<void> {
  const findings = await database.preflight(signal);
  const causes = findings.filter(({ code, severity }) => severity === "halt" && isAcceptable(code));
  if (causes.length === 0) return;
  const cause = findingOf(preflightError(causes));
  const message = `nothing was accepted, because the cause is still there: ${cause.message}`;
  throw preflightError([{ ...cause, message, hint: `${cause.hint} After that: ${command}` }]);
}
