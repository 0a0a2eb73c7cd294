import type { Mutant } from "./mutant.ts";

/** Where the relay stops, and what it writes down so that a later start stops too. */
export const HALTS_MUTANTS: readonly Mutant[] = [
  {
    name: "take rows that Postgres 18 skipped for trouble that passes",
    harm: "offers no repair for rows that never come by the stream",
    file: "src/relay/settle/halt.ts",
    edits: [{ find: '  "PUBLICATION_SKIPPED",\n', replace: "" }],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "forget what kept rows away before the start",
    harm: "loses the rows of a partition that was unlogged, as soon as the hint is followed",
    file: "src/relay/relay.ts",
    edits: [
      { find: "    if (strange === null) await this.#holdGaps(faults, stop);\n", replace: "" },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "forget a watermark when a newer one is handed out",
    harm: "leaves rows out of a repair: a batch that failed comes again shorter, with the watermark of the longer one",
    file: "src/relay/watermark.ts",
    edits: [
      {
        find: "    return this.#known.findLast(({ lsn }) => lsn <= covered) ?? null;",
        replace:
          "    this.settled(covered);\n    return this.#known.findLast(({ lsn }) => lsn <= covered) ?? this.#known[0] ?? null;",
      },
      {
        file: "src/relay/settle/checkpoint.ts",
        find: '  invariant(isReached(checkpoint), "a checkpoint covers all that its watermark shows");\n',
        replace: "",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "believe a stored watermark that is ahead of its checkpoint",
    harm: "leaves rows out of a repair",
    file: "src/relay/settle/checkpoint.ts",
    edits: [
      {
        find: "  return isReached(checkpoint) ? checkpoint : { ...checkpoint, watermark: null };",
        replace: "  return checkpoint;",
      },
    ],
    caughtBy: { unit: "relay/settle" },
  },
  {
    name: "forget a halt when the session ends",
    harm: "goes on past rows that are not in the stream, once the change was taken back",
    file: "src/relay/halt-record.ts",
    edits: [
      {
        find: "    if (!(error instanceof RelayError) || !isLasting(error) || this.#held !== null) return;",
        replace: '    if (decision !== "never" || !(error instanceof RelayError)) return;',
      },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "forget a halt that Kafka did not take",
    harm: "goes on past rows that are not in the stream, when Kafka is back",
    file: "src/relay/halt-record.ts",
    edits: [
      {
        find: "      if (!(error instanceof RelayError)) throw error;\n",
        replace:
          "      if (!(error instanceof RelayError)) throw error;\n      this.#held = null;\n",
      },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "overlook the halt in the checkpoint",
    harm: "goes on after a restart although nobody has decided",
    file: "src/relay/settle/continuity.ts",
    edits: [
      {
        find: "  if (stored === null) return seen;",
        replace: "  if (stored !== undefined) return seen;",
      },
    ],
    caughtBy: "simulation",
  },
  {
    name: "write a halt as version 1",
    harm: "lets a relay of an earlier version read on past it",
    file: "src/relay/settle/checkpoint.ts",
    edits: [
      {
        find: "    v: checkpoint.halt === null ? VERSION : VERSION_WITH_HALT,",
        replace: "    v: VERSION,",
      },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "look at the owner of any part",
    harm: "takes a change that was taken back for one of the owner",
    file: "src/relay/settle/catalog-changes.ts",
    edits: [
      {
        find: "  return former[part]?.owner === now[part]?.owner;",
        replace: '  return former[part]?.owner === now[part]?.owner && part === "";',
      },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "halt at a change of owner",
    harm: "stops publishing for nothing",
    file: "src/relay/settle/catalog-changes.ts",
    edits: [
      {
        find: "isDecidingAsBefore(former, now, part) && isSameOwner(former, now, part),",
        replace: "isDecidingAsBefore(former, now, part),",
      },
    ],
    caughtBy: { unit: "relay/lasting-halts" },
  },
  {
    name: "fence before the checkpoint's origin is known",
    harm: "disturbs a healthy relay of another database at each look",
    file: "src/relay/slot-preparation.ts",
    edits: [{ find: "    this.#halts.home.assert(verdict, peeked, seen);\n", replace: "" }],
    caughtBy: { unit: "relay/strangers" },
  },
  {
    name: "adopt from a relay at work",
    harm: "takes another relay down",
    file: "src/relay/operate/operations.ts",
    edits: [{ find: "    if (!takesOver) await this.#assertAbandoned(signal);\n", replace: "" }],
    caughtBy: { unit: "relay/strangers" },
  },
  {
    name: "take a WAL that has grown past the checkpoint for right",
    harm: "skips what a restored copy wrote below it",
    file: "src/relay/at-home.ts",
    edits: [
      { find: "      this.#rewound = { fault", replace: "      this.#rewound = null && { fault" },
    ],
    caughtBy: { unit: "relay/halts-on-show" },
  },
  {
    name: "show what the present attempt meets instead of the halt",
    harm: "tells an alert that all is well every few seconds",
    file: "src/relay/state.ts",
    edits: [
      {
        find: '    if (this.#held === null || name === "draining") return this.#show(name, reason);',
        replace: "    if (reason !== this.#held) return this.#show(name, reason);",
      },
    ],
    caughtBy: { unit: "relay/halts-on-show" },
  },
  {
    name: "take the halt at a refused row from show at each start",
    harm: "tells an alert that all is well each time that the slot is let go",
    file: "src/relay/session-end.ts",
    edits: [{ find: 'error instanceof PoisonError ? settled : "start"', replace: '"start"' }],
    caughtBy: { unit: "relay/halts-on-show" },
  },
  {
    name: "keep the halt at a refused row on show until more is written",
    harm: "counts as failed, and not ready, although all is published",
    file: "src/relay/session-end.ts",
    edits: [{ find: "instanceof PoisonError ? settled", replace: "instanceof PoisonError ? read" }],
    caughtBy: { unit: "relay/halts-on-show" },
  },
  {
    name: "take the halt at a row from show when a row before it is published",
    harm: "tells an alert that all is well every few seconds",
    file: "src/relay/state.ts",
    edits: [{ find: "isPast(progress, place)) this", replace: "progress !== null) this" }],
    caughtBy: { unit: "relay/state" },
  },
  {
    name: "take the commit record of a split transaction for reached where the WAL ends at its start",
    harm: "drops the first rows of another transaction at the same LSN, on the next timeline or a restored copy",
    file: "src/relay/progress.ts",
    edits: [
      {
        find: "  const isInside = endLsn === null && index > 0;",
        replace: "  const isInside = endLsn !== null && index < 0;",
      },
    ],
    caughtBy: { unit: "relay/continuity" },
  },
  {
    name: "leave a halt that preflight found to the next opening",
    harm: "forgets it when the relay is restarted and the cause was taken back, and passes over the rows in between",
    file: "src/relay/relay.ts",
    edits: [{ find: "    await this.#writeHeld(stop);\n", replace: "" }],
    caughtBy: { unit: "test/unit/relay/lasting-halts" },
  },
  {
    name: "take a partition that is back for one that never left",
    harm: "loses the rows of the time in which it was detached",
    file: "src/relay/settle/tree-changes.ts",
    edits: [
      {
        find: `  if (link === "" || now.link === "" || link === now.link) return [];`,
        replace: `  if (link === "" || now.link !== "") return [];`,
      },
    ],
    caughtBy: { unit: "test/unit/relay/settle/tree-changes" },
  },
  {
    name: "forget a table as soon as it is gone",
    harm: "loses the rows of a partition that was detached over two looks",
    file: "src/relay/settle/tree-memory.ts",
    edits: [
      {
        find: "marks: Object.fromEntries([...kept, ...seen])",
        replace: "marks: Object.fromEntries([...kept.toSpliced(0), ...seen])",
      },
    ],
    caughtBy: { unit: "test/unit/relay/settle/tree-changes" },
  },
  {
    name: "forget the tables below an outbox table at a restart",
    harm: "loses the rows of a partition that was detached while the relay was down",
    file: "src/relay/settle/checkpoint.ts",
    edits: [
      {
        find: "    ...(checkpoint.tree !== null && { tree: encodeTree(checkpoint.tree) }),\n",
        replace: "",
      },
    ],
    caughtBy: { unit: "relay/continuity-watch" },
  },
  {
    name: "take a rewritten table for the one that it was",
    harm: "leaves out the rows of the time in which it was unlogged, without a word",
    file: "src/relay/settle/tree-changes.ts",
    edits: [
      {
        find: "...attachedFindings(former, now), ...rewrittenFindings(former, now)",
        replace: "...attachedFindings(former, now)",
      },
    ],
    caughtBy: { unit: "test/unit/relay/settle/tree-changes" },
  },
  {
    name: "let a table that is new in RELAY_TABLES hide a change that was taken back",
    harm: "has a person accept the one and lose the rows of the other",
    file: "src/relay/settle/catalog-changes.ts",
    edits: [
      {
        find: "    ...unexplainedFaults(former, now),",
        replace: "    ...(decided.length === 0 ? unexplainedFaults(former, now) : []),",
      },
    ],
    caughtBy: { unit: "test/unit/relay/settle/catalog-changes" },
  },
  {
    name: "repair only what was written since the watermark when all rows are to be looked at",
    harm: "leaves out rows that a table held when it was attached",
    file: "src/relay/operate/operations.ts",
    edits: [{ find: "allRows ? null : repairSince(found)", replace: "repairSince(found)" }],
    caughtBy: { unit: "test/unit/relay/operate/operations" },
  },
];
