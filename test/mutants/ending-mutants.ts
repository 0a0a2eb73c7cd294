import type { Mutant } from "./mutant.ts";

/** Loops that ask brokers again, and openings that have ended. */
export const ENDING_MUTANTS: readonly Mutant[] = [
  {
    name: "send for an opening that has ended",
    harm: "keeps the slot and Postgres waiting after SIGTERM, and sends into the next opening",
    file: "src/kafka/opening-channel.ts",
    edits: [
      {
        find: "    return whileWanted(this.#ended, () => this.#channel.request(broker, lane, request, sent));",
        replace: "    return this.#channel.request(broker, lane, request, sent);",
      },
      {
        find: "    if (!this.#ended.aborted) this.#channel.setBrokers(brokers);",
        replace: "    if (this.#ended !== null) this.#channel.setBrokers(brokers);",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "ask brokers again for ever",
    harm: "shows no cause while a commit cannot be completed",
    file: "src/kafka/patience.ts",
    edits: [
      { find: "    if (!this.#signal.aborted && this.isOver) throw problem();\n", replace: "" },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "ask brokers again as often after a minute as at first",
    harm: "sends hundreds of requests a second to a coordinator that is in trouble",
    file: "src/kafka/patience.ts",
    edits: [{ find: "const GROWTH = 1.5;", replace: "const GROWTH = 1;" }],
    caughtBy: { unit: "kafka/opening-end" },
  },
  {
    name: "wait for brokers although the relay is told to end",
    harm: "ends as late as brokers answer, which may be never",
    file: "src/kafka/opening-channel.ts",
    edits: [
      {
        find: '    signal.addEventListener("abort", giveUp, { once: true });\n',
        replace: "",
      },
    ],
    caughtBy: { unit: "kafka/opening-end" },
  },
];
