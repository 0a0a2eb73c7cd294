import type { Mutant } from "./mutant.ts";

/** On the way from the stream to the backlog, and back to Postgres. */
export const CAPTURE_MUTANTS: readonly Mutant[] = [
  {
    name: "confirm what was received",
    harm: "loses what is in memory when the relay dies",
    file: "src/relay/stream-reader.ts",
    edits: [
      {
        find: `confirmed: minLsn(this.#ladder.at("confirmed"), this.#told),`,
        replace: `confirmed: this.#told,`,
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "stay in binary after a value that has no known binary form",
    harm: "wedges at a row of a time at which its column had another type",
    file: "src/relay/relay.ts",
    edits: [
      {
        find: `    if (error.code === "ROW_TYPE" && this.#ports.source.useText()) return;\n`,
        replace: "",
      },
    ],
    caughtBy: { unit: "test/unit/relay/text-form.test.ts" },
  },
  {
    name: "believe the length of a message",
    harm: "hangs or ends the process at one frame from anybody on the way",
    file: "src/postgres/frame-length.ts",
    edits: [
      {
        find: "  if (length < LENGTH_BYTES || length > LENGTH_BYTES + BODY_BYTES_MAX)",
        replace: "  if (length === LENGTH_BYTES - 1)",
      },
    ],
    caughtBy: { unit: "test/unit/postgres/copy-frames" },
  },
  {
    name: "skip by LSN alone",
    harm: "loses the rest of a transaction that was split",
    file: "src/relay/position.ts",
    edits: [{ find: "  return index <= position.index;", replace: "  return true;" }],
    caughtBy: "simulation",
  },
  {
    name: "skip one row too few",
    harm: "repeats a row after a split transaction",
    file: "src/relay/position.ts",
    edits: [
      { find: "  return index <= position.index;", replace: "  return index < position.index;" },
    ],
    caughtBy: "simulation",
  },
  {
    name: "skip one row too many",
    harm: "loses a row after a split transaction",
    file: "src/relay/position.ts",
    edits: [
      {
        find: "  return index <= position.index;",
        replace: "  return index <= position.index + 1;",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "ignore the timeline",
    harm: "drops new events after an asynchronous failover",
    file: "src/relay/settle/continuity.ts",
    edits: [
      {
        find: "  const switched = switchBefore(facts, checkpoint);\n",
        replace: "  const switched = null as Lsn | null;\n",
      },
    ],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "stamp rows with the server's timeline",
    harm: "gives a row another position when it is read again after a failover",
    file: "src/relay/timeline-history.ts",
    edits: [
      {
        find: "    for (const { timeline, end } of this.#ancestors) if (lsn < end) return timeline;\n",
        replace: "",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "confirm a keepalive with rows in flight",
    harm: "loses the rows in flight",
    file: "src/relay/stream-reader.ts",
    edits: [
      {
        find: "      this.#backlog.keepalive(walEnd);\n",
        replace:
          '      this.#backlog.keepalive(walEnd);\n      this.#ladder.raise("decoded", walEnd);\n      this.confirm(walEnd);\n',
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "take a keepalive inside a transaction for its end",
    harm: "loses the rest of the transaction",
    file: "src/relay/stream-reader.ts",
    edits: [{ find: "    if (!intake.isInTransaction) {\n", replace: "    {\n" }],
    caughtBy: "simulation",
  },
  {
    name: "confirm past an incomplete transaction",
    harm: "loses the rest of a transaction that was split",
    file: "src/relay/progress.ts",
    edits: [
      {
        find: "progress.endLsn ?? progress.commitLsn,",
        replace: "progress.endLsn ?? ((progress.commitLsn + 1n) as Lsn),",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "keep the first layout of a table",
    harm: "reads columns of later rows in the wrong place",
    file: "src/relay/decode/pgoutput-decoder.ts",
    edits: [
      {
        find: "    this.#relations.set(relation.oid, relation);",
        replace:
          "    if (!this.#relations.has(relation.oid)) this.#relations.set(relation.oid, relation);",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "give each row the same memory",
    harm: "publishes the bytes of another row",
    file: "src/relay/record/record-memory.ts",
    edits: [
      {
        find: "    if (this.#block === this.#shared) this.#used = end;\n",
        replace: "    void end;\n",
      },
    ],
    caughtBy: { unit: "test/unit/relay/record" },
  },
  {
    name: "give the memory of a large message back before it was read",
    harm: "loses a large row",
    file: "src/postgres/copy-frames.ts",
    edits: [
      {
        find: "    this.#hand(message, 0, length);\n    if (length > LARGE_BYTES) buffer.transfer(0);\n",
        replace:
          "    if (length > LARGE_BYTES) buffer.transfer(0);\n    this.#hand(message, 0, length);\n",
      },
    ],
    caughtBy: { unit: "test/unit/postgres/copy-frames" },
  },
  {
    name: "swallow the notice that a publication was skipped",
    harm: "loses the rows of a publication that was dropped, on Postgres 18",
    file: "src/postgres/capture-link.ts",
    edits: [
      {
        find: `      if (code === PUBLICATION_SKIPPED) this.#end(new LinkEndedError("publication-skipped"));`,
        replace: "      void code;",
      },
    ],
    caughtBy: { integration: "postgres/stream-majors" },
  },
  {
    name: "stop feedback while reading is paused",
    harm: "has the server cut the link of a relay that only waits",
    file: "src/relay/capture/feedback.ts",
    edits: [{ find: "    this.#send();\n    this.#arm();", replace: "    this.#send();" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "make a new slot although there is a checkpoint",
    harm: "skips what was committed while the slot was gone",
    file: "src/relay/slot-preparation.ts",
    edits: [
      {
        find: '    if (verdict.kind === "halt") throw verdict.fault;\n',
        replace:
          '    if (verdict.kind === "halt") {\n      await this.#ports.database.createSlot(signal);\n      return null;\n    }\n',
      },
    ],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "store a watermark before it is reached",
    harm: "leaves rows out of a repair that were never published",
    file: "src/relay/watermark.ts",
    edits: [{ find: "findLast(({ lsn }) => lsn <= covered)", replace: "findLast(() => true)" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "send every candidate of a backfill",
    harm: "publishes again what Kafka holds",
    file: "src/relay/backfill/already-published.ts",
    edits: [{ find: "return this.#ids.isFound(index);", replace: "return false;" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "take a backfill for finished at its first checkpoint",
    harm: "loses the rest of it when the relay dies",
    file: "src/relay/checkpoint-stamp.ts",
    edits: [{ find: 'isPast ? null : "backfill"', replace: "null" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "go on after the publication changed",
    harm: "skips rows that were written while the table was not published",
    file: "src/relay/settle/continuity.ts",
    edits: [{ find: "    ...catalogHalts(facts, checkpoint),\n  ];", replace: "  ];" }],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "start at the slot where there is no checkpoint",
    harm: "skips what was committed before a slot that somebody else made",
    file: "src/relay/settle/continuity.ts",
    edits: [
      {
        find: "  if (slot !== null) return halt([checkpointMissing(slot), ...slotFaults(slot)]);\n",
        replace: '  if (slot !== null) return { kind: "start-at-slot" };\n',
      },
    ],
    caughtBy: { unit: "test/unit/relay" },
  },
  {
    name: "leave values of the hash between two shards out",
    harm: "loses the rows of keys that no shard takes",
    file: "src/postgres/shard-filter.ts",
    edits: [
      {
        find: "    below: index === count - 1 ? null : bound(index + 1, count),",
        replace: "    below: index === count - 1 ? null : bound(index + 1, count + 1),",
      },
    ],
    caughtBy: { unit: "test/unit/postgres/shard-filter" },
  },
  {
    name: "give rows without a key to no shard",
    harm: "loses them",
    file: "src/postgres/shard-filter.ts",
    edits: [
      {
        find: "`COALESCE(md5(${digested.replace(COLUMN, () => column)}), '') COLLATE",
        replace: "`md5(${digested.replace(COLUMN, () => column)}) COLLATE",
      },
    ],
    caughtBy: { integration: "postgres/shards.test" },
  },
];
