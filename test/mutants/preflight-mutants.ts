import type { Mutant } from "./mutant.ts";

/** Where the relay looks at catalogs: before it starts, and while it streams. */
export const PREFLIGHT_MUTANTS: readonly Mutant[] = [
  {
    name: "look only one level below the outbox table",
    harm: "loses the rows of an unlogged partition of a partition",
    file: "src/postgres/preflight/tree-facts.ts",
    edits: [
      {
        find: "from tree t join pg_inherits i on i.inhparent = t.oid)`;",
        replace: "from tree t join pg_inherits i on i.inhparent = t.oid and false)`;",
      },
    ],
    caughtBy: { integration: "postgres/preflight-tree" },
  },
  {
    name: "take a child for a partition of a published table",
    harm: "loses the rows of a child that came after the publication",
    file: "src/postgres/preflight/tree-facts.ts",
    edits: [
      {
        find: "when not c.relispartition and not exists (",
        replace: "when c.relispartition and not exists (",
      },
    ],
    caughtBy: { integration: "postgres/preflight-tree" },
  },
  {
    name: "take a table that is attached in its first transaction for one that was created as a part",
    harm: "leaves out the rows that it was filled with, without a word",
    file: "src/postgres/tree-parts.ts",
    edits: [
      {
        find: "made.xmin::text = l.link and l.began <= coalesce(",
        replace: "made.xmin::text = l.link and 0 <= coalesce(",
      },
    ],
    caughtBy: { integration: "postgres/tree-parts" },
  },
  {
    name: "look below the outbox tables at the start only",
    harm: "loses the rows of a partition that is set unlogged while the relay streams",
    file: "src/relay/continuity-watch.ts",
    edits: [
      {
        find: "    if (faults.length > 0) return this.#ended(preflightError(faults));\n",
        replace: "",
      },
    ],
    caughtBy: { unit: "relay/continuity-watch" },
  },
  {
    name: "show the text of every error of the server",
    harm: "puts values of rows into the log",
    file: "src/postgres/server-text.ts",
    edits: [{ find: `  if (!PLAIN_CLASSES.has(code.substring(0, 2))) return "";\n`, replace: "" }],
    caughtBy: { unit: "postgres/server-text" },
  },
  {
    name: "look for who is in the way among sessions only",
    harm: "leaves a relay waiting for a prepared transaction that nobody names",
    file: "src/postgres/oldest-transaction.ts",
    edits: [
      { find: "    from pg_prepared_xacts\n", replace: "    from pg_prepared_xacts where false\n" },
    ],
    caughtBy: { integration: "postgres/create-slot" },
  },
  {
    name: "let half of a surrogate pair pass",
    harm: "changes a header's value into U+FFFD",
    file: "src/relay/event/header-scan.ts",
    edits: [{ find: "if (!text.isWellFormed()) {", replace: "if (!text) {" }],
    caughtBy: { unit: "relay/event/header-scan" },
  },
  {
    name: "take headers for UTF-8 unseen",
    harm: "publishes headers that no consumer can read",
    file: "src/relay/event/header-scan.ts",
    edits: [{ find: "else if (byte > 0x7f) this.#mustBeUtf8();", replace: "" }],
    caughtBy: { unit: "relay/event/header-scan" },
  },
  {
    name: "end a header's text at an escaped quote",
    harm: "refuses rows with quotes in their headers",
    file: "src/relay/event/header-scan.ts",
    edits: [{ find: "        at += 1;\n", replace: "" }],
    caughtBy: { unit: "relay/event/header-scan" },
  },
  {
    name: "let a table lack the headers column that a setting names",
    harm: "publishes events without the headers that consumers route by",
    file: "src/postgres/preflight/table-findings.ts",
    edits: [
      {
        find: `if (role === "headers" && !areHeadersRequired)`,
        replace: `if (role === "headers")`,
      },
    ],
    caughtBy: { integration: "postgres/preflight.test" },
  },
  {
    name: "forget that the headers column was there",
    harm: "publishes events without headers after the column was renamed",
    file: "src/postgres/preflight/header-columns.ts",
    edits: [
      {
        find: "!isThere && this.#had.has(oid)",
        replace: "!isThere && !this.#had.has(oid) && false",
      },
    ],
    caughtBy: { integration: "postgres/preflight.test" },
  },
  {
    name: "take a partition for published under its own name",
    harm: "passes over every row of a partition that comes as its root",
    file: "src/postgres/preflight/way-facts.ts",
    edits: [
      { find: "and p.pubviaroot and p.pubinsert", replace: "and not p.pubviaroot and p.pubinsert" },
    ],
    caughtBy: { integration: "postgres/preflight-tree" },
  },
  {
    name: "forget at a restart that rows had headers",
    harm: "publishes rows without their headers after a restart",
    file: "src/relay/event/header-memory.ts",
    edits: [{ find: "return since !== undefined && commitLsn > since;", replace: "return false;" }],
    caughtBy: { unit: "relay/headers-kept" },
  },
  {
    name: "want headers in rows from before the column was added",
    harm: "halts at rows that never had any",
    file: "src/relay/event/header-memory.ts",
    edits: [
      {
        find: "return since !== undefined && commitLsn > since;",
        replace: "return since !== undefined;",
      },
    ],
    caughtBy: { unit: "relay/headers-kept" },
  },
];
