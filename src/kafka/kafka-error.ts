import type { ErrorCode, Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import type { ErrorClass } from "./error-class.ts";
import { errorClass } from "./error-class.ts";
import { ERROR, errorName } from "./error-code.ts";
import { LostProduce } from "./lost-produce.ts";

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

/** Classes of answers that stay as they are until a person changes something. */
const FINAL: ReadonlySet<ErrorClass> = new Set([
  "size",
  "record",
  "topic",
  "rights",
  "security",
  "request",
]);

/** What to change, where the code says it. */
const HINTS: ReadonlyMap<number, string> = new Map([
  [21, "Something between relay and brokers changes requests: the relay always asks for acks=all."],
  [35, "Use Kafka 3.7 or later, and RELAY_TRANSACTION_PROTOCOL=auto."],
  [
    38,
    "Set RELAY_TOPIC_REPLICATION_FACTOR or RELAY_CHECKPOINT_REPLICATION_FACTOR to what the cluster has brokers for.",
  ],
  [
    43,
    "Set log.message.format.version of the brokers, or message.format.version of the topic, to 0.11 or later.",
  ],
  [50, "Lower RELAY_TRANSACTION_TIMEOUT, or raise transaction.max.timeout.ms on the brokers."],
  [76, "Set RELAY_PRODUCER_COMPRESSION to a codec that the brokers take, or to none."],
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
  const kind = errorClass(error);
  if (kind === "security") return unauthenticated(where, error);
  if (FINAL.has(kind)) return kafkaRefused(where, error);
  return new RelayError(`Kafka answered ${where} with ${errorName(error)}`, {
    code: "KAFKA_ERROR",
    remedy,
    hint: "The relay goes on by itself; if it lasts, look at the brokers' logs.",
  });
}

/** Kafka will answer the same until somebody changes a setting; the relay asks again all the same. */
export function kafkaRefused(where: string, error: number): RelayError {
  return new RelayError(`Kafka refused ${where}: ${errorName(error)}`, {
    code: "KAFKA_REFUSED",
    remedy: "halt",
    hint:
      HINTS.get(error) ??
      "Look at the brokers' logs at this time, and at what stands between relay and brokers. The relay tries again by itself.",
  });
}

function unauthenticated(where: string, error: number): RelayError {
  return new RelayError(`Kafka refused ${where}: ${errorName(error)}`, {
    code: "KAFKA_AUTHENTICATION",
    remedy: "halt",
    hint: "Compare RELAY_KAFKA_SECURITY_PROTOCOL and the RELAY_KAFKA_SASL settings with the listener that RELAY_KAFKA_BROKERS leads to.",
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
  if (error instanceof LostProduce) return error.indefinite();
  const { code, hint, cause } = error;
  return new RelayError(error.message, { code, remedy: "reopen", hint, cause });
}

/** A coordinator has not ended the former transaction of an id, for as long as the relay waits for that. */
export function transactionUnfinished(request: string, transactionalId: string): RelayError {
  return new RelayError(
    `Kafka has not ended the former transaction of ${transactionalId}: it answers ${request} with ${errorName(ERROR.concurrentTransactions)}`,
    {
      code: "TRANSACTION_UNFINISHED",
      remedy: "retry",
      hint: "A partition that it wrote to has no leader, or __transaction_state has too few replicas in step: kafka-topics --bootstrap-server <broker> --describe --unavailable-partitions, then --under-min-isr-partitions. The relay goes on by itself.",
    },
  );
}

/** Nobody waits for the opening any more. `cause`: what it was at. */
export function openingGivenUp(cause?: unknown): RelayError {
  return new RelayError("the opening was given up", {
    code: "KAFKA_CLOSED",
    remedy: "retry",
    hint: "Nothing to do.",
    cause,
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
