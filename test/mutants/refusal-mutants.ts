import type { Mutant } from "./mutant.ts";

/** In what is refused for good: topics, records, requests. */
export const REFUSAL_MUTANTS: readonly Mutant[] = [
  {
    name: "let a row into the relay's own checkpoint topic",
    harm: "has a row taken for a checkpoint, so that rows are passed over or the relay stands still",
    file: "src/relay/event/reserved-topics.ts",
    edits: [
      {
        find: "    if (name === this.#comparable) {",
        replace: '    if (name === topic && name === "") {',
      },
    ],
    caughtBy: { unit: "test/unit/kafka/reserved-topics" },
  },
  {
    name: "let a row into another relay's checkpoint topic",
    harm: "has another relay pass over rows that it never published",
    file: "src/kafka/topics.ts",
    edits: [
      {
        find: "      const reason = this.#reserved.reason(topic);",
        replace:
          '      const reason = topic.startsWith("outbox-relay.") ? null : this.#reserved.reason(topic);',
      },
    ],
    caughtBy: { unit: "test/unit/kafka/reserved-topics" },
  },
  {
    name: "look at the name of an internal topic only",
    harm: "stands still at a row that Kafka never takes, without its name",
    file: "src/kafka/topics.ts",
    edits: [
      {
        find: "    const internal = found.filter(({ isInternal }) => isInternal);",
        replace: "    const internal = found.filter(() => false);",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/reserved-topics" },
  },
  {
    name: "take a template whose rows can reach the checkpoint topic",
    harm: "lets one row stop all others",
    file: "src/config/relations.ts",
    edits: [{ find: "...topicProblems(config), ", replace: "" }],
    caughtBy: { unit: "test/unit/config/topic-relations" },
  },
];
