import type { Mutant } from "./mutant.ts";

/** Where a batch is compressed. */
export const COMPRESSION_MUTANTS: readonly Mutant[] = [
  {
    name: "compress the checkpoint too",
    harm: "has a relay halt at a checkpoint that it does not read",
    file: "src/kafka/wire/compress/batch-compression.ts",
    edits: [{ find: " || topic === this.#plainTopic", replace: "" }],
    caughtBy: { unit: "test/unit/kafka/batch-compression" },
  },
  {
    name: "send a compressed batch as a plain one",
    harm: "has every compressed batch refused",
    file: "src/kafka/wire/record-batch.ts",
    edits: [
      {
        find: "end < plainEnd ? (this.#compression?.codecId ?? 0) : 0",
        replace: "end < at ? (this.#compression?.codecId ?? 0) : 0",
      },
    ],
    caughtBy: { unit: "test/unit/kafka/batch-compression" },
  },
  {
    name: "send the compressed form where it is the larger one",
    harm: "writes over what stands behind the batch in its request",
    file: "src/kafka/wire/compress/batch-compression.ts",
    edits: [{ find: "packed.length < plainBytes", replace: "packed.length < 2 * plainBytes" }],
    caughtBy: { unit: "test/unit/kafka/batch-compression" },
  },
  {
    name: "mark a stored block of lz4 as a packed one",
    harm: "writes batches that no consumer can read",
    file: "src/kafka/wire/compress/lz4.ts",
    edits: [{ find: "plain.length + STORED", replace: "plain.length" }],
    caughtBy: { unit: "test/unit/kafka/compression" },
  },
];
