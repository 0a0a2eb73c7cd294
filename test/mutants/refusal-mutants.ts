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
        find: "    if (isInternal)",
        replace: '    if (isInternal && topic === "")',
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
  {
    name: "weigh a record by max.message.bytes alone",
    harm: "sends a record again and again that segment.bytes never lets in",
    file: "src/kafka/record-limit.ts",
    edits: [
      {
        find: "known.toSorted((a, b) => a.bytes - b.bytes)",
        replace: "known",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/topic-refusals" },
  },
  {
    name: "send a batch that Kafka calls too large as it was",
    harm: "stands still for ever at a batch whose limit nobody tells",
    file: "src/kafka/topic-refusals.ts",
    edits: [
      {
        find: "    this.#sizes.set(topic, { ...common, batchBytesMax, recordBytes: before });\n",
        replace: "    void [common, batchBytesMax, before];\n",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/topic-refusals" },
  },
  {
    name: "forget which record Kafka refused alone",
    harm: "stands still at one record without its name",
    file: "src/kafka/topics.ts",
    edits: [
      {
        find: "    return this.#refusals.recordProblem(topic, bytes) ??",
        replace: "    return",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/topic-refusals" },
  },
  {
    name: "take a final answer to Produce for one that passes",
    harm: "stands still for ever in state streaming",
    file: "src/kafka/error-class.ts",
    edits: [{ find: "  topic: [17, 36,", replace: "  topic: [36," }],
    caughtBy: { unit: "test/unit/kafka/error-class" },
  },
  {
    name: "try an answer that nobody knows for ever",
    harm: "stands still without a halt",
    file: "src/kafka/topic-refusals.ts",
    edits: [
      {
        find: "        return this.#isLasting(refusal) ? lasting(refusal) : refusal;",
        replace: "        return refusal;",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/topic-refusals" },
  },
  {
    name: "let one topic that cannot be created stop all others",
    harm: "stands still for a topic without naming the row",
    file: "src/kafka/topic-admin.ts",
    edits: [
      {
        find: "        else problems.set(wanted.topic, notCreated(answer));",
        replace:
          '        else if (errorClass(answer.error) !== "passing" || isLate) throw notCreated(answer);',
      },
    ],
    caughtBy: { unit: "test/unit/kafka/topic-admin" },
  },
  {
    name: "ask for a coordinator that no broker can ever have",
    harm: "waits for ever at the commonest first trial, with a number for a cause",
    file: "src/kafka/cluster.ts",
    edits: [
      { find: "        if (fault !== null) throw fault;\n", replace: "        void fault;\n" },
    ],
    caughtBy: { unit: "test/unit/kafka/transaction-log" },
  },
  {
    name: "take a controller for an old broker",
    harm: "sends people to upgrade brokers that are new",
    file: "src/kafka/broker-versions.ts",
    edits: [
      {
        find: "  if (produce === undefined) return notABroker(maxVersions, place);\n  if (produce",
        replace: "  if ((produce ?? 0)",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/addresses" },
  },
  {
    name: "blame RELAY_KAFKA_BROKERS for what a broker advertises",
    harm: "has people look at the wrong address",
    file: "src/kafka/kafkajs-channel.ts",
    edits: [
      { find: "    return isAdvertised ?", replace: "    return isAdvertised && id === -1 ?" },
    ],
    caughtBy: { unit: "test/unit/kafka/addresses" },
  },
  {
    name: "take a broker's words for a lost connection",
    harm: "tells refused credentials as a broker that does not answer",
    file: "src/kafka/connection-fault.ts",
    edits: [
      {
        find: "  /^(?:SASL [\\w -]+ authentication failed: )?(?:Closed connection",
        replace: "  /(?:Closed connection",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/addresses" },
  },
  {
    name: "ask a broker again for what it hangs up on",
    harm: "stands still for ever at a row above socket.request.max.bytes",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: "    if (error instanceof LostProduce) return this.#hangUps.note(error, this.#parts.channel);\n",
        replace: "",
      },
      {
        find: 'import { LostProduce } from "./lost-produce.ts";\n',
        replace: "",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/hang-ups" },
  },
  {
    name: "blame a row for a broker that is away",
    harm: "halts for a row that nothing is wrong with",
    file: "src/kafka/hang-ups.ts",
    edits: [
      {
        find: "    if (isUnanswered(error)) return undefined;",
        replace: "    if (isUnanswered(error)) return null;",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/hang-ups" },
  },
  {
    name: "take partitions that a coordinator has not tried to add for added",
    harm: "sends records that brokers refuse for another reason than the one that counts",
    file: "src/kafka/api/add-partitions.ts",
    edits: [{ find: " ?? refused[0];", replace: ";" }],
    caughtBy: { unit: "test/unit/kafka/transaction-end" },
  },
  {
    name: "take the empty answer of a broker that throttles for what the log holds",
    harm: "halts for a checkpoint that cannot be read because a quota is used up",
    file: "src/kafka/partition-reader.ts",
    edits: [{ find: "if (throttleMs === 0) return fetched;", replace: "return fetched;" }],
    caughtBy: { unit: "test/unit/kafka/throttles" },
  },
  {
    name: "keep to a broker's pause without saying so",
    harm: "says that nothing was answered while a quota is used up",
    file: "src/kafka/produce-round.ts",
    edits: [
      { find: 'openingGivenUp(this.#throttles.of(leader, "data"))', replace: "openingGivenUp()" },
    ],
    caughtBy: { unit: "test/unit/kafka/throttles" },
  },
  {
    name: "blame a row for a broker that throttles",
    harm: "halts for a row that nothing is wrong with",
    file: "src/kafka/hang-ups.ts",
    edits: [{ find: "    if (lost.isInPause) return lost;\n", replace: "" }],
    caughtBy: { unit: "test/unit/kafka/throttles" },
  },
  {
    name: "take a code at the beginning of a connection for no answer",
    harm: "has people look at the network where the broker says what is wrong",
    file: "src/kafka/connection-fault.ts",
    edits: [
      {
        find: "return answeredFault(cause, where) ?? unreachable(where, security, cause);",
        replace: "return unreachable(where, security, cause);",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/addresses" },
  },
];
