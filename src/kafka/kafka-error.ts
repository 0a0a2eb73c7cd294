import type { ErrorCode, Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import { ERROR, errorName } from "./error-code.ts";

const AUTHORIZATION: ReadonlyMap<number, readonly [ErrorCode, string]> = new Map([
  [
    ERROR.topicAuthorizationFailed,
    [
      "KAFKA_TOPIC_AUTHORIZATION",
      "Grant Write and Describe on the topics, Read on the checkpoint topic, and, for a repair, Read on the topics, to the relay's principal.",
    ],
  ],
  [
    ERROR.transactionalIdAuthorizationFailed,
    [
      "KAFKA_TRANSACTIONAL_ID_AUTHORIZATION",
      "Grant Write and Describe on the transactional ids with the prefix RELAY_TRANSACTIONAL_ID.",
    ],
  ],
  [
    ERROR.clusterAuthorizationFailed,
    [
      "KAFKA_CLUSTER_AUTHORIZATION",
      "Grant IdempotentWrite on the cluster to the relay's principal.",
    ],
  ],
  [
    ERROR.groupAuthorizationFailed,
    ["KAFKA_GROUP_AUTHORIZATION", "Grant Read on the group to the relay's principal."],
  ],
]);

/** What a code means that is neither success nor handled on the spot. `where` names the request and its object. */
export function kafkaError(
  where: string,
  error: number,
  remedy: Exclude<Remedy, "halt">,
): RelayError {
  const authorization = AUTHORIZATION.get(error);
  if (authorization !== undefined) {
    const [code, hint] = authorization;
    const message = `Kafka refused ${where}: ${errorName(error)}`;
    return new RelayError(message, { code, remedy: "halt", hint });
  }
  return new RelayError(`Kafka answered ${where} with ${errorName(error)}`, {
    code: "KAFKA_ERROR",
    remedy,
    hint: "The relay goes on by itself; if it lasts, look at the brokers' logs.",
  });
}

/** The same error, but the outcome of what was under way is unknown. */
export function indefinite(error: unknown): RelayError {
  if (!(error instanceof RelayError)) {
    return new RelayError("a response of Kafka could not be read", {
      code: "KAFKA_ERROR",
      remedy: "reopen",
      hint: "The relay goes on by itself; if it lasts, look at the brokers' logs.",
      cause: error,
    });
  }
  if (error.remedy !== "retry") return error;
  const { code, hint, cause } = error;
  return new RelayError(error.message, { code, remedy: "reopen", hint, cause });
}

/** Nobody waits for the opening any more. */
export function openingGivenUp(): RelayError {
  return new RelayError("the opening was given up", {
    code: "KAFKA_CLOSED",
    remedy: "retry",
    hint: "Nothing to do.",
  });
}

/** A newer incarnation than ours is at Kafka. `instance`: its name, where it could be read. */
export function overtaken(instance: string | undefined): RelayError {
  return new RelayError(`another relay (${instance ?? "unknown"}) has taken over at Kafka`, {
    code: "FENCED",
    remedy: "standby",
    hint: "Nothing to do: this one stands by.",
  });
}
