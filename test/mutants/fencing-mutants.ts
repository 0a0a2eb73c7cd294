import type { Mutant } from "./mutant.ts";

/** Who may write, and what a start believes. */
export const FENCING_MUTANTS: readonly Mutant[] = [
  {
    name: "fence every id that the checkpoint topic names",
    harm: "ends the transactions of another program whose id somebody wrote into the topic",
    file: "src/kafka/former-ids.ts",
    edits: [
      {
        find: "  const isOurs = (name: string): boolean => prefixes.some((prefix) => isIdOf(name, prefix));",
        replace: "  const isOurs = (name: string): boolean => name !== prefixes.join();",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/former-ids" },
  },
  {
    name: "fence only our own ids",
    harm: "lets a predecessor with more ids commit after its successor has read the checkpoint",
    file: "src/kafka/takeover.ts",
    edits: [
      {
        find: "    const known = new Set([...ours, ...former]);",
        replace: "    void former;\n    const known = new Set(ours);",
      },
      { find: "    await this.#fence.take(unknown, signal);\n", replace: "    void unknown;\n" },
    ],
    caughtBy: { unit: "test/unit/kafka/opening" },
  },
  {
    name: "look for predecessors only once",
    harm: "lets one that came between look and fence commit under ids that nobody took from it",
    file: "src/kafka/takeover.ts",
    edits: [
      { find: "    await this.#fence.take(unknown, signal);\n", replace: "    void unknown;\n" },
    ],
    caughtBy: { unit: "test/unit/kafka/opening" },
  },
  {
    name: "open again without asking for the slot",
    harm: "has a relay whose stream died take the ids from its successor again and again",
    file: "src/relay/sink-recovery.ts",
    edits: [{ find: "      await this.#target.assertHoldsSlot(signal);\n", replace: "" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "publish after a freeze without a look at the slot",
    harm: "lets a relay that wakes up publish what its successor publishes too, at least once",
    file: "src/relay/publish/publisher.ts",
    edits: [{ find: "      await this.#options.assertLeading(signal);\n", replace: "" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "renew a lease that has run out",
    harm: "takes the first sign of life after a freeze for proof that the slot is still ours",
    file: "src/relay/slot-lease.ts",
    edits: [
      {
        find: "if (this.#isRunning()) this.#heard = this.#now();",
        replace: "this.#heard = this.#now();",
      },
      {
        find: "if (this.#isRunning()) this.#spoke = this.#now();",
        replace: "this.#spoke = this.#now();",
      },
    ],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "fence while standing by",
    harm: "interrupts the leader again and again",
    file: "src/relay/session.ts",
    edits: [
      {
        find: "    const opened = await openSlotStream(",
        replace: "    await this.#ports.sink.open(stop);\n    const opened = await openSlotStream(",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "read the checkpoint before everything is decided",
    harm: "misses a checkpoint that was committed, and repeats its batch",
    file: "src/kafka/log-tail.ts",
    edits: [
      {
        find: '    const end = isStrict\n      ? await this.#reader.stableEnd(this.#patienceMs, () => undecided(this.#topic), signal)\n      : await this.#reader.offset("last-stable", signal);',
        replace:
          '    void isStrict;\n    const end = await this.#reader.offset("last-stable", signal);',
      },
    ],
    caughtBy: { unit: "test/unit/kafka/opening" },
  },
  {
    name: "believe an aborted checkpoint",
    harm: "skips rows that were never committed to Kafka",
    file: "src/kafka/committed-batches.ts",
    edits: [
      {
        find: "    return !(batch.isTransactional && open.has(batch.producerId));",
        replace: "    return true;",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "do without an epoch at least once",
    harm: "lets a frozen relay write an older checkpoint over a newer one",
    file: "src/kafka/idempotent-producer.ts",
    edits: [
      {
        find: "      identity: this.#id.identity,",
        replace:
          "      identity: { producerId: this.#id.identity.producerId + BigInt(1_000_000 + 1_000 * this.#id.identity.epoch), epoch: 0 },",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/opening" },
  },
  {
    name: "read the checkpoint before fencing",
    harm: "misses what a predecessor commits in between, and repeats it",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: "    const { publish, ids } = await this.#fenced(signal);\n",
        replace:
          "    const early = await this.peek(signal);\n    const { publish, ids } = await this.#fenced(signal);\n",
      },
      {
        find: "    const checkpoint = await this.#readBack(signal);\n",
        replace: "    await this.#readBack(signal);\n    const checkpoint = early;\n",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "forget that another incarnation is newer",
    harm: "lets two relays take the ids from each other for ever",
    file: "src/kafka/opening.ts",
    edits: [
      {
        find: "    if (newest?.nonce !== this.#nonce) return overtaken(newest?.instance);\n",
        replace: "",
      },
    ],
    caughtBy: { integration: "kafka/kafka-sink" },
  },
];
