import type { Mutant } from "./mutant.ts";

/** In what is read from the tables for a repair or a first snapshot, and in what is found at Kafka. */
export const BACKFILL_MUTANTS: readonly Mutant[] = [
  {
    name: "read rows of a table in RELAY_TABLES a second time with the table above it",
    harm: "a repair and a first snapshot publish rows twice",
    file: "src/postgres/backfill/candidate-query.ts",
    edits: [{ find: "table.without.length === 0", replace: "table.without.length >= 0" }],
    caughtBy: { integration: "postgres/backfill" },
  },
  {
    name: "write a repair down before it is known that the tables may be read",
    harm: "a refused repair stays begun, and accept publication has nothing to accept any more",
    file: "src/relay/operate/operations.ts",
    edits: [
      {
        find: '    await this.#ports.source.assertReadable(signal);\n    await this.#announce("repair"',
        replace: '    await this.#announce("repair"',
      },
    ],
    caughtBy: { unit: "relay/operate/operations" },
  },
  {
    name: "let policies hide rows from a repair",
    harm: "loses the rows that row-level security hides",
    file: "src/postgres/session.ts",
    edits: [
      { find: "set row_security = off", replace: "set row_security = on" },
      {
        file: "src/postgres/backfill/repair-findings.ts",
        find: "const refusal = unreadable(facts, role) ?? filtered(facts, role);",
        replace: "const refusal = unreadable(facts, role);",
      },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "tell the candidates of a repair by txid",
    harm: "loses rows whose txid is NULL or was written by hand",
    file: "src/postgres/backfill/candidate-query.ts",
    edits: [
      {
        find: "return xids.snapshot === null ? null : `${writerXid(xids)} >= ${xids.oldestRunning}`;",
        replace:
          "return xids.snapshot === null ? null : `not pg_visible_in_snapshot(txid, '${xids.snapshot}')`;",
      },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "take a place in the table for the order of writing",
    harm: "publishes rows of one statement out of order",
    file: "src/postgres/backfill/candidate-query.ts",
    edits: [
      {
        find: '"written nulls first, txid nulls first, turn,',
        replace: '"txid nulls first, turn,',
      },
    ],
    caughtBy: { integration: "postgres/write-order" },
  },
  {
    name: "cast the ids of candidates to text",
    harm: "publishes rows with padded ids twice",
    file: "src/postgres/backfill/candidate-query.ts",
    edits: [
      {
        find: "format('%s', ${pg.escapeIdentifier(columns.id)}) as id",
        replace: "${pg.escapeIdentifier(columns.id)}::text as id",
      },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "leave the time-outs of the role to a repair",
    harm: "never ends a repair of a large table",
    file: "src/postgres/backfill/backfill-opening.ts",
    edits: [
      { find: "      await liftTimeouts(this.#client);\n", replace: "      void liftTimeouts;\n" },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "read a child's row at its parent's place",
    harm: "publishes one row twice and loses another",
    file: "src/postgres/backfill/pg-backfill-rows.ts",
    edits: [
      {
        find: "`only ${quotedTableName(row)} where true`",
        replace: "`${quotedTableName(row)} where true`",
      },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "stamp repaired rows with the relay's clock",
    harm: "publishes rows twice when a repair begins again on a host whose clock is behind",
    file: "src/relay/backfill/backfilled-stream.ts",
    edits: [
      {
        find: "return Math.max(this.#rows.watermark.atMs, searchFloorMs(this.#context.since));",
        replace: "return Date.now() - 1e11;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/backfill.test" },
  },
  {
    name: "drop the slot of a snapshot that was interrupted",
    harm: "loses rows that were inserted and deleted while a first snapshot or a repair was under way",
    file: "src/relay/settle/kept-slot.ts",
    edits: [
      {
        find: "if (snapshot === null) return { kept: null, why: null };",
        replace: 'if (snapshot !== null || index >= 0) return { kept: null, why: "" };',
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "keep a slot that stands below the place where a backfill made it",
    harm: "loses rows of a restored copy that its slot brings and the snapshot of the lost one seems to show",
    file: "src/relay/settle/continuity.ts",
    edits: [
      { find: "at >= made || !isSameTimeline", replace: "at !== null || !isSameTimeline" },
      {
        file: "src/relay/settle/kept-slot.ts",
        find: "return slot.confirmedLsn === lsn ?",
        replace: "return slot.confirmedLsn !== null && slot.confirmedLsn <= lsn ?",
      },
    ],
    caughtBy: { unit: "test/unit/relay/continuity.test" },
  },
  {
    name: "finish at a server that was set back what was begun before",
    harm: "publishes the rows of an old primary, and drops the slot there",
    file: "src/relay/settle/continuity.ts",
    edits: [{ find: "    ...rewinds,\n", replace: "    ...rewinds.slice(1),\n" }],
    caughtBy: { unit: "test/unit/relay/continuity.test" },
  },
  {
    name: "trust the watermark of another timeline when a repair begins again",
    harm: "loses rows of a promoted server whose transactions have the ids of lost ones",
    file: "src/relay/slot-preparation.ts",
    edits: [
      {
        find: "const watermark = knownWatermark(checkpoint, seen);",
        replace: "const { watermark } = checkpoint;\n    void knownWatermark;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/kept-stream" },
  },
  {
    name: "forget the slot of an interrupted snapshot when a halt is accepted",
    harm: "loses rows that were inserted and deleted since the slot was made",
    file: "src/relay/operate/operations.ts",
    edits: [
      {
        find: "        tree,\n        databaseOid,\n        halt: null,",
        replace:
          "        tree,\n        databaseOid,\n        slotSnapshot: null,\n        halt: null,",
      },
    ],
    caughtBy: { unit: "test/unit/relay/kept-halts" },
  },
  {
    name: "write no halt down beside a slot that a snapshot keeps",
    harm: "goes on without rows that were kept out of the stream, once the cause is taken back",
    file: "src/relay/halt-record.ts",
    edits: [{ find: " && stored.slotSnapshot === null;", replace: ";" }],
    caughtBy: { unit: "test/unit/relay/kept-halts" },
  },
  {
    name: "count in a plan what a kept slot brings",
    harm: "has a person wait for, or clean up after, rows that a repair does not send",
    file: "src/relay/operate/planned-rows.ts",
    edits: [{ find: "if (verdict.kept === null) {", replace: "if (verdict.kept !== undefined) {" }],
    caughtBy: { unit: "test/unit/relay/operate/planned-rows" },
  },
  {
    name: "number the rows of a snapshot that begins again from one",
    harm: "publishes rows below positions that a partition has, so that consumers drop them as read",
    file: "src/relay/intake.ts",
    edits: [
      {
        find: "isBackfill ? this.#indexAt(transaction.commitLsn) : 0;",
        replace: "0;\n    void this.#indexAt;\n    void isBackfill;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/kept-stream" },
  },
  {
    name: "take a row that was changed for one that the slot brings",
    harm: "loses rows from before the slot that were updated since",
    file: "src/relay/kept-stream.ts",
    edits: [
      {
        find: "  const scan = new SlotScan(",
        replace: "  if (ids.size > 0) return ids;\n  const scan = new SlotScan(",
      },
    ],
    caughtBy: { unit: "test/unit/relay/kept-stream" },
  },
  {
    name: "trust created_at of rows that may be older than the watermark",
    harm: "publishes rows twice whose created_at is not their commit",
    file: "src/relay/backfill/already-published.ts",
    edits: [{ find: "isNew && createdMs !== null", replace: "createdMs !== null" }],
    caughtBy: { unit: "test/unit/relay/backfill/already-published" },
  },
  {
    name: "search without a watermark from the oldest created_at on",
    harm: "has an adoption publish again what Kafka holds, where times are local ones",
    file: "src/relay/backfill/already-published.ts",
    edits: [{ find: "since === null ? 0 :", replace: "since === null ? Infinity :" }],
    caughtBy: { unit: "test/unit/relay/backfill/already-published" },
  },
  {
    name: "compare the clocks of brokers with that of Postgres",
    harm: "publishes rows twice in topics with LogAppendTime",
    file: "src/kafka/partition-tail.ts",
    edits: [
      {
        find: "const isTimed = sinceMs > 0 && (await this.#keepsTimestamps(signal));",
        replace: "const isTimed = sinceMs > 0;\n    void this.#keepsTimestamps;",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/published/since" },
  },
  {
    name: "halt at a session that a time-out ended",
    harm: "needs a person where a repair could begin again by itself",
    file: "src/postgres/postgres-error.ts",
    edits: [{ find: '    case "25P03":\n', replace: "" }],
    caughtBy: { unit: "test/unit/postgres/postgres-error" },
  },
  {
    name: "take a table that was rewritten under the snapshot for an empty one",
    harm: "loses every row of the table in a repair that says it is done",
    file: "src/postgres/backfill/backfill-opening.ts",
    edits: [
      {
        find: "await assertNotRewritten(ask, names);",
        replace: "await assertNotRewritten(ask, []);",
      },
    ],
    caughtBy: { integration: "postgres/backfill.test" },
  },
  {
    name: "read the tables without the row filter that the stream has",
    harm: "publishes rows that the publication's filter is there to keep away from Kafka",
    file: "src/postgres/backfill/candidate-query.ts",
    edits: [
      {
        find: "filter === undefined ? [] : [filter]",
        replace: "filter === undefined ? [] : []",
      },
    ],
    caughtBy: { integration: "postgres/filtered-backfill" },
  },
];
