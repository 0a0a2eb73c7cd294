import type { ProduceAttempt } from "../relay/observer.ts";
import type { PartitionAnswer } from "./api/produce.ts";
import { ERROR, errorLabel } from "./error-code.ts";

export type AttemptOutcome = Pick<ProduceAttempt, "outcome" | "reason">;

/** No answer, or none that could be read. */
export const UNANSWERED: AttemptOutcome = { outcome: "retriable", reason: "UNREACHABLE" };

const OK: AttemptOutcome = { outcome: "ok", reason: null };

/** Kafka's own clients send again after these; all others are for a person, or end the transaction for good. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ERROR.unknownTopicOrPartition,
  ERROR.leaderNotAvailable,
  ERROR.notLeaderOrFollower,
  ERROR.requestTimedOut,
  ERROR.coordinatorLoadInProgress,
  ERROR.coordinatorNotAvailable,
  ERROR.notCoordinator,
  ERROR.notEnoughReplicas,
  ERROR.notEnoughReplicasAfterAppend,
  ERROR.concurrentTransactions,
  ERROR.kafkaStorageError,
]);

/** What a produce request came to: the first answer of a partition that is fatal counts, else the first that is an error. */
export function attemptOutcome(answers: readonly PartitionAnswer[]): AttemptOutcome {
  const errors = answers
    .map(({ error }) => error)
    .filter((error) => error !== ERROR.none && error !== ERROR.duplicateSequenceNumber);
  const worst = errors.find((error) => !RETRIABLE.has(error)) ?? errors[0];
  if (worst === undefined) return OK;
  return { outcome: RETRIABLE.has(worst) ? "retriable" : "fatal", reason: errorLabel(worst) };
}
