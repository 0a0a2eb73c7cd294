import type { Mutant } from "./mutant.ts";

/** Where the relay stops, and what it writes down so that a later start stops too. */
export const HALTS_MUTANTS: readonly Mutant[] = [
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
];
