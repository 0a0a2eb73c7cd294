import { documentedName } from "./error-names.ts";

/** Error codes of the Kafka protocol that the relay tells apart (kafka.apache.org/protocol, "Error Codes"). */
export const ERROR = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  messageTooLarge: 10,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  notEnoughReplicasAfterAppend: 20,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  invalidTimestamp: 32,
  topicAlreadyExists: 36,
  invalidPartitions: 37,
  invalidReplicationFactor: 38,
  notController: 41,
  policyViolation: 44,
  outOfOrderSequenceNumber: 45,
  duplicateSequenceNumber: 46,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  concurrentTransactions: 51,
  transactionalIdAuthorizationFailed: 53,
  transactionalIdNotFound: 105,
  operationNotAttempted: 55,
  kafkaStorageError: 56,
  invalidRecord: 87,
  producerFenced: 90,
} as const;

/** A newer epoch of the producer is known to the broker: somebody has taken the id. */
export function isFenced(error: number): boolean {
  return error === ERROR.invalidProducerEpoch || error === ERROR.producerFenced;
}

/** As Kafka's documentation names it, for a metric. */
export function errorLabel(code: number): string {
  return documentedName(code) ?? `ERROR_${code}`;
}

/** As Kafka's documentation names it, with the number. */
export function errorName(code: number): string {
  return `${documentedName(code) ?? "error"} (${code})`;
}
