import type { Mutant } from "./mutant.ts";

/** On the way from the backlog to Kafka. */
export const PUBLISH_MUTANTS: readonly Mutant[] = [
  {
    name: "write the checkpoint outside of the transaction",
    harm: "repeats a batch when the relay dies between the two",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: "          producer.publish([[...first, ...checkpoint], ...rest], next),",
        replace:
          "          [first, ...rest].flat().length === 0\n            ? producer.publish([checkpoint], next)\n            : producer.publish([first, ...rest], () => undefined).then(() => producer.publish([checkpoint], next)),",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "settle a batch when it is sent",
    harm: "confirms what is not durable",
    file: "src/relay/publish/publisher.ts",
    edits: [
      {
        find: "      .then(\n        () => this.#settle(batch, startedMs),",
        replace: "      .then(\n        () => undefined,",
      },
      {
        find: "    const checkpoint = this.#options.checkpoint(progress);\n",
        replace:
          "    const checkpoint = this.#options.checkpoint(progress);\n    queueMicrotask(() => this.#settle(batch, startedMs));\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "take a partial Produce for a success",
    harm: "loses the records of a partition whose leader moved",
    file: "src/kafka/transactional-producer.ts",
    edits: [
      {
        find: "    if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;\n    if (error === ERROR.concurrentTransactions && isAlone) return true;",
        replace:
          "    if (error === ERROR.none || error === ERROR.notLeaderOrFollower) return false;\n    if (error === ERROR.concurrentTransactions && isAlone) return true;",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "go on under the same epoch after an unknown outcome",
    harm: "commits batches twice, tears them, or never goes on",
    file: "src/kafka/fence.ts",
    edits: [
      {
        find: "  readonly #clock: Clock;\n",
        // The options live as long as the sink; a fence belongs to one opening.
        replace:
          "  readonly #clock: Clock;\n  static readonly #kept = new WeakMap<FenceOptions, readonly TransactionalId[]>();\n",
      },
      {
        find: "    return Promise.all(names.map((name) => this.#take(name, signal)));\n",
        replace:
          "    const kept = Fence.#kept.get(this.#options);\n    if (kept !== undefined) return Promise.resolve(kept);\n    return Promise.all(names.map((name) => this.#take(name, signal))).then((taken) => (Fence.#kept.set(this.#options, taken), taken));\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "repeat EndTxn in the older protocol",
    harm: "commits half of a later transaction (KAFKA-17754)",
    file: "src/kafka/transactional-producer.ts",
    edits: [
      {
        find: '    const error = readEndTxnV2(\n      await this.#parts.channel.request(id.coordinator, "coordinator", request, sent),\n    );',
        replace:
          '    const ask = () => this.#parts.channel.request(id.coordinator, "coordinator", request, sent);\n    const error = readEndTxnV2(await ask().catch(ask));',
      },
    ],
    caughtBy: { unit: "test/unit/kafka/transaction-end" },
  },
  {
    name: "keep the epoch after EndTxn",
    harm: "cannot publish a second transaction in the newer protocol",
    file: "src/kafka/transactional-id.ts",
    edits: [
      {
        find: "    this.#identity = { producerId, epoch };\n",
        replace: "    void [producerId, epoch];\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "go on counting sequences under a new epoch",
    harm: "has every batch after the first refused",
    file: "src/kafka/transactional-id.ts",
    edits: [{ find: "    this.sequences.reset();\n", replace: "" }],
    caughtBy: "simulation",
  },
  {
    name: "let sequences grow past 2^31",
    harm: "stands still after two billion records of a partition",
    file: "src/kafka/sequences.ts",
    edits: [
      {
        find: "  return (sequence + count) & SEQUENCE_MASK;",
        replace: "  return sequence + count;",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/sequences" },
  },
  {
    name: "believe an answer that names too few partitions",
    harm: "loses the records of a partition that was left out",
    file: "src/kafka/produce-round.ts",
    edits: [
      {
        find: "  if (isComplete) return;\n",
        replace: "  if (isComplete || answers.length < batches.length) return;\n",
      },
      {
        file: "src/kafka/transactional-producer.ts",
        find: "    const error = answer?.error ?? -1;\n    if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;",
        replace:
          "    const error = answer?.error ?? 0;\n    if (error === ERROR.none || error === ERROR.duplicateSequenceNumber) return false;",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/transactional-producer" },
  },
  {
    name: "produce the next transaction before the one before it is acknowledged",
    harm: "has a successor commit half of a transaction, or puts events in the wrong order",
    file: "src/kafka/transactional-producer.ts",
    edits: [
      {
        find: "    await this.#produce(id, rounds);\n",
        replace: "    ending();\n    await this.#produce(id, rounds);\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "produce the next transaction where nobody could finish the one before it",
    harm: "shows aborted records to consumers on kafkajs, and hides others from them",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: "        canFinish && ids.length >= OVERLAPPING_IDS_MIN,",
        replace: "        canFinish || ids.length >= OVERLAPPING_IDS_MIN,",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/opening" },
  },
  {
    name: "abort what a predecessor had asked to commit",
    harm: "shows aborted records to consumers on kafkajs, and hides others from them",
    file: "src/kafka/left-commit.ts",
    edits: [
      {
        find: "    if (earlier !== null) await this.#commit(earlier, signal);",
        replace: "    void [earlier, signal];",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "commit the later one of two open transactions",
    harm: "publishes half a batch, and a checkpoint that covers all of it",
    file: "src/kafka/left-commit.ts",
    edits: [
      {
        find: "  if (isNext(first, second)) return ids[first] ?? null;\n  return isNext(second, first) ? (ids[second] ?? null) : null;",
        replace:
          "  if (isNext(first, second)) return ids[second] ?? null;\n  return isNext(second, first) ? (ids[first] ?? null) : null;",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "send a second batch to a partition that has not taken the first",
    harm: "loses the first batch of a transaction, or puts it behind the second",
    file: "src/kafka/produce-window.ts",
    edits: [
      {
        find: "    if (isAlone) await this.empty();\n    while",
        replace: "    while",
      },
      {
        find: "    if (isAlone) await this.empty();\n  }",
        replace: "  }",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/transactional-producer" },
  },
  {
    name: "send the rest of a round that was divided behind the others",
    harm: "puts events of a key in the wrong order",
    file: "src/kafka/partition-share.ts",
    edits: [
      {
        find: "    rest.filter(({ records }) => records.length > 0),\n    ...others,\n",
        replace: "    ...others,\n    rest.filter(({ records }) => records.length > 0),\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "use the memory of a request again before it is answered",
    harm: "sends the bytes of another request",
    file: "src/kafka/produce-round.ts",
    edits: [
      {
        find: "    const answer = await this.#request(leader, request, batches);\n    this.#memory.giveBack(memory);\n",
        replace:
          "    this.#memory.giveBack(memory);\n    const answer = await this.#request(leader, request, batches);\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "write a checkpoint before the events of the batch before it are acknowledged",
    harm: "confirms events that are not written, at least once",
    file: "src/kafka/idempotent-producer.ts",
    edits: [
      {
        find: "      await acknowledged;\n",
        replace: "      void acknowledged;\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "send again at once what was refused for now",
    harm: "puts a batch behind later ones, or gives up, at least once",
    file: "src/kafka/idempotent-producer.ts",
    edits: [{ find: "    await before;\n", replace: "    void before;\n" }],
    caughtBy: { unit: "test/unit/kafka/idempotent-producer" },
  },
  {
    name: "put a batch back behind the others",
    harm: "publishes out of order",
    file: "src/relay/publish/backlog.ts",
    edits: [
      {
        find: `    invariant(this.#inFlight.pop() === batch, "only the newest batch in flight is put back");\n    this.#sealed.unshift(batch);`,
        replace: `    invariant(this.#inFlight.pop() === batch, "only the newest batch in flight is put back");\n    this.#sealed.push(batch);`,
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "send batches in flight again whatever the checkpoint says",
    harm: "repeats a batch whose commit was not answered",
    file: "src/relay/publish/backlog.ts",
    edits: [
      {
        find: "      dropped += batch.drop((record) => covers(position, record.commitLsn, record.index));\n",
        replace: "      void [position, covers];\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "take batches in flight for published after an unknown outcome",
    harm: "loses a batch whose commit did not come through",
    file: "src/relay/publish/backlog.ts",
    edits: [
      {
        find: "    const waiting = [...this.#inFlight.splice(0), ...this.#sealed.splice(0)];",
        replace: "    this.#inFlight.splice(0);\n    const waiting = [...this.#sealed.splice(0)];",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "wait at a refused row for rows that turn out to be published",
    harm: "stands with the slot in hand for ever, and does not see that the row was corrected",
    file: "src/relay/session.ts",
    edits: [
      {
        find: "checkpoint may cover all that was read before a refused row.\n    this.#finishIfSettled();\n",
        replace: "checkpoint may cover all that was read before a refused row.\n",
      },
    ],
    caughtBy: { unit: "relay/first-read" },
  },
];
