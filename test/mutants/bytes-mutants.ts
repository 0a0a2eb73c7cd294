import type { Mutant } from "./mutant.ts";

/** Bytes that are kept, and numbers with less room than their values. */
export const BYTES_MUTANTS: readonly Mutant[] = [
  {
    name: "keep a route in the memory that the driver lends",
    harm: "sends a row to the topic of another row's route, and holds whole rows in memory",
    file: "src/relay/event/route-topics.ts",
    edits: [{ find: "copyOf(route.view())", replace: "route.view()" }],
    caughtBy: "simulation",
  },
  {
    name: "keep a message that came early in the memory that the driver lends",
    harm: "reads another message in its place, or none",
    file: "src/relay/stream-reader.ts",
    edits: [{ find: "const copy = copyOf(bytes);", replace: "const copy = bytes;" }],
    caughtBy: "simulation",
  },
  {
    name: "keep a message in front of a closed gate in the memory that the driver lends",
    harm: "publishes another row in its place",
    file: "src/relay/backfill/gate.ts",
    edits: [{ find: "const copy = copyOf(bytes);", replace: "const copy = bytes;" }],
    caughtBy: { unit: "kept-bytes" },
  },
  {
    name: "write the difference of two times with 32 bits",
    harm: "publishes a row with a time that is 49 days off, so that its topic deletes or refuses it",
    file: "src/kafka/wire/varint.ts",
    edits: [
      {
        find: "  if ((value | 0) !== value) return writeLong(bytes, at, value);\n",
        replace: "",
      },
    ],
    caughtBy: { unit: "wire-limits" },
  },
  {
    name: "give the length of a batch 28 bits",
    harm: "sends a request that no broker can read, for ever, once a row is larger than 256 MiB",
    file: "src/kafka/api/produce.ts",
    edits: [
      { find: "const LENGTH_BYTES = 5;", replace: "const LENGTH_BYTES = 4;" },
      {
        find: "  bytes[at + 3] = ((length >>> 21) & 127) | 128;\n  bytes[at + 4] = length >>> 28;\n",
        replace: "  bytes[at + 3] = length >>> 21;\n",
      },
    ],
    caughtBy: { unit: "wire-limits" },
  },
  {
    name: "keep what each round of an at-least-once producer resolved to",
    harm: "takes 64 bytes more for each request, until the relay is killed for its memory",
    file: "src/kafka/idempotent-producer.ts",
    edits: [
      {
        find: "  return Promise.all([first, second]).then(() => undefined);",
        replace: "  return Promise.all([first, second]) as unknown as Promise<void>;",
      },
    ],
    caughtBy: { unit: "flat-memory" },
  },
  {
    name: "drop the byte order mark of a route",
    harm: "sends a row to the topic of another route, without a word",
    file: "src/relay/event/ascii.ts",
    edits: [{ find: '("utf-8", { ignoreBOM: true })', replace: '("utf-8")' }],
    caughtBy: { unit: "test/unit/relay/event.test" },
  },
];
