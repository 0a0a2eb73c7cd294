import type { ProduceAttempt } from "../relay/observer.ts";
import type { PartitionAnswer } from "./api/produce.ts";
import type { ErrorClass } from "./error-class.ts";
import { errorClass } from "./error-class.ts";
import { ERROR, errorLabel } from "./error-code.ts";

export type AttemptOutcome = Pick<ProduceAttempt, "outcome" | "reason">;

/** No answer, or none that could be read. */
export const UNANSWERED: AttemptOutcome = { outcome: "retriable", reason: "UNREACHABLE" };

const OK: AttemptOutcome = { outcome: "ok", reason: null };

/** Kafka's own clients send again after these; all others are for a person, or end the transaction for good. */
const RETRIABLE: ReadonlySet<ErrorClass> = new Set(["passing", "missing"]);

/** What a produce request came to: the first answer of a partition that is fatal counts, else the first that is an error. */
export function attemptOutcome(answers: readonly PartitionAnswer[]): AttemptOutcome {
  const errors = answers
    .map(({ error }) => error)
    .filter((error) => error !== ERROR.none && error !== ERROR.duplicateSequenceNumber);
  const worst = errors.find((error) => !isRetriable(error)) ?? errors[0];
  if (worst === undefined) return OK;
  return { outcome: isRetriable(worst) ? "retriable" : "fatal", reason: errorLabel(worst) };
}

function isRetriable(error: number): boolean {
  return RETRIABLE.has(errorClass(error));
}
