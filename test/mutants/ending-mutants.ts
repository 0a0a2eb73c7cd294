import type { Mutant } from "./mutant.ts";

/** Loops that ask brokers again, openings that have ended, and batches that take too long. */
export const ENDING_MUTANTS: readonly Mutant[] = [
  {
    name: "send for an opening that has ended",
    harm: "keeps the slot and Postgres waiting after SIGTERM, and sends into the next opening",
    file: "src/kafka/opening-channel.ts",
    edits: [
      {
        find: "    return whileWanted(this.#ended, ask, (reject) =>\n      reject(openingGivenUp(this.#unanswered(asked))),\n    );",
        replace: "    return ask();",
      },
      {
        find: "    if (!this.#ended.aborted) this.#channel.setBrokers(brokers);",
        replace: "    if (this.#ended !== null) this.#channel.setBrokers(brokers);",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "ask brokers again for ever",
    harm: "shows no cause while a commit cannot be completed",
    file: "src/kafka/patience.ts",
    edits: [
      { find: "    if (!this.#signal.aborted && this.isOver) throw problem();\n", replace: "" },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "ask brokers again as often after a minute as at first",
    harm: "sends hundreds of requests a second to a coordinator that is in trouble",
    file: "src/kafka/patience.ts",
    edits: [{ find: "const GROWTH = 1.5;", replace: "const GROWTH = 1;" }],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "wait for brokers although the relay is told to end",
    harm: "ends as late as brokers answer, which may be never",
    file: "src/kafka/opening-channel.ts",
    edits: [
      {
        find: '    signal.addEventListener("abort", giveUp, { once: true });\n',
        replace: "",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "take an answer that ends too early for a bug",
    harm: "ends the process, again after each start, while a proxy cuts answers off",
    file: "src/kafka/api/answer.ts",
    edits: [
      {
        find: "    throw brokenAnswer(`the answer to ${request} cannot be read`, error);",
        replace: "    throw error;",
      },
    ],
    caughtBy: "hostile",
  },
  {
    name: "let a server that shuts down wait while the sink is opened",
    harm: "holds a fast shutdown of Postgres up for as long as Kafka refuses",
    file: "src/relay/session.ts",
    edits: [
      {
        find: "isUnconfirmed: () => this.#isUnconfirmed || !this.#reader.hasStarted,",
        replace: "isUnconfirmed: () => this.#isUnconfirmed,",
      },
    ],
    caughtBy: { unit: "relay/opening-sink" },
  },
  {
    name: "count the time of a stall only once the sink was open",
    harm: "holds the slot for as long as Kafka refuses the first opening, and no other relay can take over",
    file: "src/relay/session.ts",
    edits: [
      {
        find: "isOpening: () => this.#judge.waitsForSink || this.#recovery.isReopening,",
        replace: "isOpening: () => this.#recovery.isReopening,",
      },
    ],
    caughtBy: { unit: "relay/opening-sink" },
  },
  {
    name: "count the time of an opening into the first stall after it",
    harm: "lets the slot go although Kafka has just begun to take records",
    file: "src/relay/session.ts",
    edits: [
      { find: "    this.#watch.progressed();\n    this.#reader", replace: "    this.#reader" },
    ],
    caughtBy: { unit: "relay/opening-sink" },
  },
  {
    name: "take the reading of a long log for a standstill",
    harm: "begins to read it again and again, and never publishes",
    file: "src/relay/watch.ts",
    edits: [
      {
        find: "const standingMs = nowMs - this.#work.readingMs();",
        replace: "const standingMs = nowMs - Math.min(0, this.#work.readingMs());",
      },
    ],
    caughtBy: { unit: "relay/opening-sink" },
  },
  {
    name: "keep to itself what a stalled sink was at",
    harm: "says that nothing goes on, and not which request brokers refuse",
    file: "src/relay/watch.ts",
    edits: [
      { find: "  if (reason === null) return end;", replace: "  if (reason !== null) return end;" },
    ],
    caughtBy: { unit: "relay/opening-sink" },
  },
  {
    name: "give an opening up without what it waited for",
    harm: "shows a stall without a cause where brokers answer the same error for ever",
    file: "src/kafka/patience.ts",
    edits: [{ find: "openingGivenUp(problem())", replace: "openingGivenUp()" }],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "leave out on which request a broker hung up",
    harm: "says that Kafka does not answer, where it answers all but one request",
    file: "src/kafka/opening-channel.ts",
    edits: [
      {
        find: "throw isSent ? lostInPause(lostRequest(error, request.apiKey), throttle) : error;",
        replace: "throw error;",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "open the sink without an eye on whether it is still wanted",
    harm: "holds the slot after SIGTERM and after a stall, for as long as Kafka refuses",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: '    signal.addEventListener("abort", end, { once: true });\n    try {\n      return await this.#take(',
        replace: "    try {\n      return await this.#take(",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "go on with metadata that leaves a topic out",
    harm: "ends the process by a bug at the first row for that topic",
    file: "src/kafka/cluster.ts",
    edits: [
      {
        find: "    if (missing !== undefined) throw brokenAnswer(`Metadata without topic ${missing}`);\n",
        replace: "    if (missing !== undefined) void brokenAnswer(missing);\n",
      },
    ],
    caughtBy: { unit: "kafka/broken-answers" },
  },
  {
    name: "read on behind a batch without a length",
    harm: "never comes back from an answer that a proxy has changed",
    file: "src/kafka/wire/record-batch-reader.ts",
    edits: [
      {
        find: "    if (end < at + (hasHeaders ? HEADER_BYTES : COMMON_BYTES))",
        replace: "    if (end <= at)",
      },
    ],
    caughtBy: { unit: "kafka/broken-answers" },
  },
  {
    name: "wait for as long as a broker says",
    harm: "waits for 24 days, and shows no cause",
    file: "src/kafka/produce-round.ts",
    edits: [
      {
        find: "Math.min(answer.throttleMs, this.#throttleMsMax)",
        replace: "Math.max(answer.throttleMs, Math.min(0, this.#throttleMsMax))",
      },
    ],
    caughtBy: { unit: "kafka/sink-observer" },
  },
  {
    name: "forget the partitions of a topic that metadata has an error for",
    harm: "sends no row of that topic until the sink is opened again, and once ended the process",
    file: "src/kafka/cluster.ts",
    edits: [
      {
        find: "      if (topic.error === ERROR.none) this.#topics.set(topic.topic, topic);\n",
        replace:
          "      if (topic.error === ERROR.none) this.#topics.set(topic.topic, topic);\n      else this.#topics.delete(topic.topic);\n",
      },
      {
        file: "src/kafka/partition-share.ts",
        find: "    if (share === undefined) throw withoutPartitions(topic);",
        replace:
          "    if (share === undefined) throw new TypeError(withoutPartitions(topic).message);",
      },
    ],
    caughtBy: { unit: "kafka/partition-share" },
  },
  {
    name: "send a batch again as large as it was however long it took",
    harm: "publishes nothing any more where a quota needs longer for it than a transaction may be open",
    file: "src/kafka/pace.ts",
    edits: [{ find: "    if (durationMs > this.#slowMs) {", replace: "    if (durationMs < 0) {" }],
    caughtBy: { unit: "kafka/timed-out" },
  },
  {
    name: "hand over more than the sink makes durable in time",
    harm: "publishes nothing any more where a quota needs longer for it than a transaction may be open",
    file: "src/relay/publish/publisher.ts",
    edits: [
      {
        find: "return count < batch.records.length ? this.#backlog.cutTaken(batch, count) : batch;",
        replace: "return count < 0 ? this.#backlog.cutTaken(batch, count) : batch;",
      },
    ],
    caughtBy: { unit: "relay/batches-in-time" },
  },
];
