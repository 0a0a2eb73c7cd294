import { ROUTE_PLACEHOLDER, topicPattern } from "./topic-template.ts";

/** Topics that are a relay's own are `outbox-relay.<kind>` or begin with `outbox-relay.<kind>.`. */
const OWN_PREFIX = "outbox-relay.";
/** `checkpoint` is in use; the others are kept free for later versions, so that no row owns such a name by then. */
const OWN_KINDS: readonly string[] = [
  "checkpoint",
  "control",
  "dead-letter",
  "incarnation",
  "metrics",
  "notes",
  "parked",
  "state",
];
/** Kafka's own topics, and the usual names of the schema registry's and of Confluent's tools. */
const FOREIGN_PREFIXES: readonly string[] = ["__", "_confluent"];
const FOREIGN_NAMES: readonly string[] = ["_schemas"];

interface Reserved {
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

const OWN: Reserved = {
  names: OWN_KINDS.map((kind) => comparable(OWN_PREFIX + kind)),
  prefixes: OWN_KINDS.map((kind) => comparable(`${OWN_PREFIX}${kind}.`)),
};
const FOREIGN: Reserved = {
  names: FOREIGN_NAMES.map(comparable),
  prefixes: FOREIGN_PREFIXES.map(comparable),
};

/**
 * Which topics no row may go to, because what is written there steers a relay or Kafka: this relay's checkpoint topic,
 * the names that relays give to their own topics, and the names of Kafka's internal topics.
 *
 * What it cannot know: the checkpoint topic of another relay that has a name of its owner's choice (the sink may know it by
 * its settings), and the topics that other programs are steered by.
 */
export class ReservedTopics {
  readonly #checkpointTopic: string;
  readonly #comparable: string;

  constructor(checkpointTopic: string) {
    this.#checkpointTopic = checkpointTopic;
    this.#comparable = comparable(checkpointTopic);
  }

  /** What the topic is reserved for; null when rows may go there. */
  reason(topic: string): string | null {
    const name = comparable(topic);
    if (name === this.#comparable) {
      return topic === this.#checkpointTopic
        ? "it is this relay's checkpoint topic (RELAY_CHECKPOINT_TOPIC)"
        : `for Kafka it is the same name as this relay's checkpoint topic ${this.#checkpointTopic}`;
    }
    if (isIn(OWN, name)) return "relays keep their own state in topics of that name";
    if (isIn(FOREIGN, name))
      return "Kafka and its tools keep their own state in topics of that name";
    return null;
  }

  /**
   * What some row could reach through the template; null when no row can reach anything reserved, and also for a template
   * with nothing in front of the place holder, which leaves the whole name to the rows: each row is checked then.
   */
  reachable(template: string): string | null {
    const prefix = template.split(ROUTE_PLACEHOLDER)[0] as string;
    if (prefix === template) return this.reason(template);
    if (template !== ROUTE_PLACEHOLDER && this.#meetsCheckpoint(template)) {
      return `a row with the right route would reach this relay's checkpoint topic ${this.#checkpointTopic} (RELAY_CHECKPOINT_TOPIC)`;
    }
    const start = comparable(prefix);
    if (start === "") return null;
    const isReached = [OWN, FOREIGN].some(
      ({ names, prefixes }) =>
        names.some((name) => name.startsWith(start)) ||
        prefixes.some((one) => one.startsWith(start) || start.startsWith(one)),
    );
    return isReached
      ? "a row with the right route would reach a topic in which relays or Kafka keep their own state"
      : null;
  }

  #meetsCheckpoint(template: string): boolean {
    return topicPattern(comparable(template)).test(this.#comparable);
  }
}

/** Two names with the same text here cannot both be topics: dot and underscore are one in the names of Kafka's metrics. */
function comparable(topic: string): string {
  return topic.replaceAll(".", "_");
}

function isIn({ names, prefixes }: Reserved, name: string): boolean {
  return names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
