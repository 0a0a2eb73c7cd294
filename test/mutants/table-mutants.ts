import type { Mutant } from "./mutant.ts";

/** Which rows are the outbox's, and what their columns hold. */
export const TABLE_MUTANTS: readonly Mutant[] = [
  {
    name: "remember in a checkpoint which tables are outbox tables now",
    harm: "asks a person about rows of the outbox table from before another one took its name",
    file: "src/relay/outbox-relations.ts",
    edits: [
      {
        find: "    const roots = this.#memory.rootsAt(covered);",
        replace: "    const { roots } = this.#memory;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/known-tables" },
  },
  {
    name: "ask again whose rows a transaction holds that the checkpoint covers as a whole",
    harm: "the rows of a dropped child that come again halt the relay",
    file: "src/relay/intake.ts",
    edits: [
      {
        find: "isComplete ? lsn(commitLsn + 1n) : commitLsn",
        replace: "lsn(commitLsn + (isComplete ? 0n : 0n))",
      },
    ],
    caughtBy: { unit: "test/unit/relay/covered-child" },
  },
  {
    name: "take a domain by its own OID",
    harm: "a payload of a domain over bytea arrives as hexadecimal text",
    file: "src/relay/decode/user-types.ts",
    edits: [{ find: "this.#baseOids.get(oid) ?? oid", replace: "oid" }],
    caughtBy: { unit: "test/unit/relay/event" },
  },
  {
    name: "take a user type by its bare name",
    harm: "a user type that is called bytea is read as bytes",
    file: "src/relay/decode/user-types.ts",
    edits: [{ find: "namespace === BUILT_IN", replace: "namespace !== null" }],
    caughtBy: { unit: "test/unit/relay/event" },
  },
  {
    name: "take a domain for its own type in a repair",
    harm: "a repair publishes hexadecimal text where the stream publishes bytes",
    file: "src/postgres/backfill/backfill-table.ts",
    edits: [{ find: '${baseTypeOid("a.atttypid")}', replace: "a.atttypid" }],
    caughtBy: { integration: "relay/column-types" },
  },
  {
    name: "name a repair's candidates by a cast",
    harm: "a repair publishes rows a second time whose id is a char(n)",
    file: "src/postgres/backfill/output-text.ts",
    edits: [{ find: "format('%s', ${name})", replace: "${name}::text" }],
    caughtBy: { integration: "relay/column-types" },
  },
  {
    name: "know outbox tables by their name alone",
    harm: "loses rows that were written while the table had another name",
    file: "src/relay/relation-memory.ts",
    edits: [
      { find: "if (entry === undefined || commitLsn < entry.since)", replace: "if (oid > 0)" },
    ],
    caughtBy: "simulation",
  },
  {
    name: "pass over what is not known without a question",
    harm: "loses rows of children that were made while the relay runs",
    file: "src/relay/outbox-relations.ts",
    edits: [
      { find: "if (answer === null) return null;", replace: "if (answer === null) return PASSED;" },
    ],
    caughtBy: "simulation",
  },
  {
    name: "take the row that was asked about after those behind it",
    harm: "rows of one key come out of order, and the checkpoint passes a row that waits",
    file: "src/relay/hold.ts",
    edits: [{ find: "this.#kept.unshift(handle);", replace: "this.#kept.push(handle);" }],
    caughtBy: { unit: "test/unit/relay/hold" },
  },
  {
    name: "hand on what was held in another order",
    harm: "rows of one key come out of order, and the checkpoint passes a row that waits",
    file: "src/relay/hold.ts",
    edits: [{ find: "this.#kept.shift()", replace: "this.#kept.pop()" }],
    caughtBy: "simulation",
  },
  {
    name: "remember no children in the checkpoint",
    harm: "halts for rows of a child that was dropped after the checkpoint",
    file: "src/relay/relation-memory.ts",
    edits: [{ find: "for (const oid of children) this", replace: "for (const oid of []) this" }],
    caughtBy: { unit: "test/unit/relay/outbox-relations" },
  },
  {
    name: "keep an answer about a table for its later versions",
    harm: "loses rows of a table that was put below the outbox table later",
    file: "src/relay/outbox-relations.ts",
    edits: [
      {
        find: "    this.#answer = null;\n    const isLookLater",
        replace: "    const isLookLater",
      },
    ],
    caughtBy: { unit: "test/unit/relay/outbox-relations" },
  },
  {
    name: "take a table that nobody can explain for another one",
    harm: "loses rows of a child that was dropped before it was seen",
    file: "src/relay/outbox-relations.ts",
    edits: [{ find: 'return { kind: "unknown", reason };', replace: "return PASSED;" }],
    caughtBy: { unit: "test/unit/relay/outbox-relations" },
  },
  {
    name: "pass over a table that may have held the outbox table as a partition",
    harm: "loses rows that came under the name of a table above the outbox table",
    file: "src/relay/outbox-relations.ts",
    edits: [
      {
        find: "mayHaveHeld !== null && isLikeOutbox",
        replace: "mayHaveHeld !== null && !isLikeOutbox",
      },
    ],
    caughtBy: { unit: "test/unit/relay/catalog-look" },
  },
  {
    name: "ask only which table is above the outbox table now",
    harm: "loses rows of an outbox table that was attached and detached before the look",
    file: "src/postgres/partition-above.ts",
    edits: [{ find: "${WRITER} >= written.after or exists", replace: "exists" }],
    caughtBy: { integration: "postgres/partition-above" },
  },
  {
    name: "learn of the headers column from rows alone",
    harm: "publishes rows without their headers that were written while the column had another name",
    file: "src/relay/outbox-relations.ts",
    edits: [{ find: "for (const table of catalog.headed)", replace: "for (const table of [])" }],
    caughtBy: { unit: "test/unit/relay/catalog-look" },
  },
  {
    name: "keep a decision about a table for good",
    harm: "loses rows of a later table of the same name",
    file: "src/relay/outbox-relations.ts",
    edits: [
      { find: "table === name && commitLsn < until", replace: "table === name && until > 0n" },
    ],
    caughtBy: { unit: "test/unit/relay/outbox-relations" },
  },
  {
    name: "publish what filled a table before it became the outbox",
    harm: "publishes copies of rows a second time after a swap of tables",
    file: "src/relay/relation-memory.ts",
    edits: [{ find: "const since = isNew ? lsn :", replace: "const since = isNew ? LSN_ZERO :" }],
    caughtBy: { unit: "test/unit/relay/outbox-relations" },
  },
  {
    name: "take a moved row for a new one",
    harm: "publishes a row a second time that moved to another partition",
    file: "src/relay/event/moved-row.ts",
    edits: [{ find: "return age !== 0 && age < HALF;", replace: "return age < 0;" }],
    caughtBy: { unit: "test/unit/relay/moved-rows" },
  },
  {
    name: "compare ids of transactions as numbers",
    harm: "publishes moved rows again, or drops new ones, after the ids began again",
    file: "src/relay/event/moved-row.ts",
    edits: [
      { find: "return age !== 0 && age < HALF;", replace: "return age !== 0 && inserted < xid;" },
    ],
    caughtBy: { unit: "test/unit/relay/moved-rows" },
  },
  {
    name: "compare a replicated row's txid with ids of this server",
    harm: "loses rows that logical replication brings into a partitioned outbox table",
    file: "src/relay/intake.ts",
    edits: [
      {
        find: "  replicated(): void {\n    this.#xid = 0;",
        replace: "  replicated(): void {\n    this.#xid |= 0;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/moved-rows" },
  },
  {
    name: "leave a moved row out of the count",
    harm: "gives rows after it another position than before, and repeats one after a crash",
    file: "src/relay/intake.ts",
    edits: [
      {
        find: "    this.#movedRows += 1;",
        replace: "    this.#movedRows += 1;\n    this.#rows -= 1;",
      },
    ],
    caughtBy: { unit: "test/unit/relay/moved-rows" },
  },
  {
    name: "take a child's own headers column for the outbox table's",
    harm: "halts at the outbox table's next row, and no setting leads past it",
    file: "src/relay/intake.ts",
    edits: [
      { find: "table.indexes.headers >= 0 && !isOfChild", replace: "table.indexes.headers >= 0" },
    ],
    caughtBy: { unit: "test/unit/relay/headers-kept" },
  },
  {
    name: "go on with a stream that may leave out a table that was attached",
    harm: "loses the rows of that table on Postgres 14 until the relay is restarted",
    file: "src/relay/continuity-watch.ts",
    edits: [
      {
        find: "if (overlooked !== undefined) return this.#ended(streamOutdated(overlooked.name));",
        replace: "if (overlooked !== undefined) streamOutdated(overlooked.name);",
      },
    ],
    caughtBy: { unit: "test/unit/relay/continuity-watch" },
  },
  {
    name: "take a table that Postgres 14 has left out for one that it sends",
    harm: "loses the rows that came since the table was attached",
    file: "src/relay/settle/tree-changes.ts",
    edits: [
      {
        find: 'overlooked === "already"',
        replace: 'overlooked === "no"',
      },
    ],
    caughtBy: { unit: "test/unit/relay/settle/tree-changes" },
  },
];
