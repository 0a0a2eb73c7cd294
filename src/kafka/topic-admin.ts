import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { TopicCreated } from "./api/create-topics.ts";
import { createTopicsRequest, readCreateTopics } from "./api/create-topics.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { brokerText } from "./broker-text.ts";
import type { Cluster } from "./cluster.ts";
import { errorClass } from "./error-class.ts";
import { ERROR, errorName } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { Patience } from "./patience.ts";

/** Between two tries to create what may be created in a moment. */
const RETRY_PAUSES = { firstMs: 100, maxMs: 500 };

export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  /** -1: what the broker is set to. */
  readonly replicationFactor: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** Creates topics, each for itself: one that is refused keeps no other from being made. */
export class TopicAdmin {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  /** `deadlineMs`: how long an answer that may change is asked for again. */
  constructor(channel: BrokerChannel, cluster: Cluster, clock: Clock, deadlineMs: number) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Why topics could not be created, by their names; a topic that somebody else just created is fine. Rejects with
   * RelayError where no broker answers.
   */
  async create(
    topics: readonly NewTopic[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, RelayError>> {
    const patience = new Patience(this.#clock, this.#deadlineMs, signal, RETRY_PAUSES);
    const problems = new Map<string, RelayError>();
    let waiting = topics;
    while (waiting.length > 0) {
      const answers = await this.#ask(waiting);
      const isLate = patience.isOver;
      waiting = waiting.filter((wanted) => {
        const answer = answers.find(({ topic }) => topic === wanted.topic) ?? silent(wanted);
        if (isDone(answer)) problems.delete(wanted.topic);
        else problems.set(wanted.topic, notCreated(answer));
        return !isDone(answer) && errorClass(answer.error) === "passing" && !isLate;
      });
      const [next] = waiting;
      if (next !== undefined) await patience.again(() => problems.get(next.topic));
    }
    return problems;
  }

  async #ask(topics: readonly NewTopic[]): Promise<readonly TopicCreated[]> {
    const { controller } = await this.#cluster.refresh([]);
    const broker = controller < 0 ? "any" : controller;
    const request = createTopicsRequest(topics, this.#deadlineMs);
    return readCreateTopics(await this.#channel.request(broker, "coordinator", request));
  }
}

function isDone({ error }: TopicCreated): boolean {
  return error === ERROR.none || error === ERROR.topicAlreadyExists;
}

function silent({ topic }: NewTopic): TopicCreated {
  return { topic, error: ERROR.requestTimedOut, message: null };
}

/** Kafka's own words say what is wrong, such as the name of the topic that is in the way. */
function notCreated({ topic, error, message }: TopicCreated): RelayError {
  const said =
    message === null ? errorName(error) : `${errorName(error)}, "${brokerText(message)}"`;
  const isName = error === ERROR.invalidTopic;
  return new RelayError(`topic ${topic} could not be created: Kafka says ${said}`, {
    code: isName ? "TOPIC_INVALID" : "KAFKA_TOPIC_CREATION",
    remedy: "halt",
    hint: hintFor(topic, error),
  });
}

function hintFor(topic: string, error: number): string {
  switch (error) {
    case ERROR.invalidTopic:
      return "Names that differ only in dots and underscores collide. Check RELAY_TOPIC_TEMPLATE and the routing column, or delete the topic that is in the way.";
    case ERROR.invalidReplicationFactor:
      return "Set RELAY_TOPIC_REPLICATION_FACTOR (RELAY_CHECKPOINT_REPLICATION_FACTOR for the checkpoint topic) to what the cluster has brokers for, or start more brokers. The relay tries again by itself.";
    case ERROR.invalidPartitions:
      return "Set RELAY_TOPIC_PARTITIONS to what the cluster allows. The relay tries again by itself.";
    case ERROR.policyViolation:
      return `The cluster has rules for topics (create.topic.policy.class.name). Change RELAY_TOPIC_PARTITIONS or RELAY_TOPIC_REPLICATION_FACTOR, or have the owner of the cluster create topic ${topic}. The relay goes on by itself once it is there.`;
    case ERROR.topicAuthorizationFailed:
    case ERROR.clusterAuthorizationFailed:
      return `Grant it: kafka-acls --bootstrap-server <broker> --add --allow-principal User:<name> --operation Create --topic ${topic}; or create the topic by hand. The relay goes on by itself.`;
    default:
      return `${kafkaError("", error, "retry").hint} Or create topic ${topic} by hand with kafka-topics.`;
  }
}
