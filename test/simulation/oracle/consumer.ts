import { abortedBetween } from "../../support/brokers/answers/reading.ts";
import type { LogEntry, PartitionLog } from "../../support/brokers/partition-log.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { SeenRecord } from "./read-records.ts";
import { readEntry } from "./read-records.ts";

const ENTRIES_MAX = 8;

/** `java`: Kafka's own. `kafkajs`: as kafkajs 2.2.4 reads. */
export type ConsumerKind = "java" | "kafkajs";

/**
 * A read_committed consumer at the end of one partition. What it sees, users see. kafkajs takes the list of aborted
 * transactions for sorted by their beginnings, which it is not, and takes at most one entry of it per message.
 */
export class ModelConsumer {
  readonly #log: PartitionLog;
  readonly #kind: ConsumerKind;
  readonly #clock: SimClock;
  #next = 0n;

  constructor(log: PartitionLog, kind: ConsumerKind, clock: SimClock) {
    this.#log = log;
    this.#kind = kind;
    this.#clock = clock;
  }

  get name(): string {
    return `${this.#log.topic}-${this.#log.partition}`;
  }

  /** Everything that is visible and was not read yet, in fetches of chance sizes. */
  poll(): SeenRecord[] {
    const seen: SeenRecord[] = [];
    for (;;) {
      const entries = this.#fetch();
      if (entries.length === 0) return seen;
      seen.push(...this.#visible(entries));
      this.#next = (entries.at(-1) as LogEntry).lastOffset + 1n;
    }
  }

  #fetch(): LogEntry[] {
    const { stableEnd } = this.#log;
    if (this.#next >= stableEnd) return [];
    const entries = this.#log.read(this.#next, stableEnd, Infinity);
    return entries.slice(0, 1 + this.#clock.below(ENTRIES_MAX));
  }

  #visible(entries: readonly LogEntry[]): SeenRecord[] {
    const last = (entries.at(-1) as LogEntry).lastOffset;
    const toCome = [...abortedBetween(this.#log, this.#next, last)];
    if (this.#kind === "java") toCome.sort((a, b) => Number(a.firstOffset - b.firstOffset));
    const current = new Set<bigint>();
    return entries.flatMap((entry) => {
      const records = entry.kind === "data" ? readEntry(entry) : [null];
      return records.filter((record, i) => {
        const offset = entry.baseOffset + BigInt(i);
        for (let next = toCome[0]; next !== undefined && offset >= next.firstOffset; ) {
          current.add(next.producerId);
          toCome.shift();
          next = this.#kind === "java" ? toCome[0] : undefined;
        }
        if (entry.kind === "abort") current.delete(entry.producerId);
        if (record === null) return false;
        return !(entry.isTransactional && current.has(entry.producerId));
      }) as SeenRecord[];
    });
  }
}
