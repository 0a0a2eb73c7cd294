import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { Cluster } from "./cluster.ts";
import { committedBatches } from "./committed-batches.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { PartitionReader } from "./partition-reader.ts";
import type { FetchedBatch, FetchedRecord } from "./wire/record-batch-reader.ts";
import { readRecords } from "./wire/record-batch-reader.ts";

const PARTITION = 0;
const WINDOW_RECORDS = 16n;
const WINDOW_GROWTH = 8n;

/** How long logs were read, as far as that went forward. */
export interface ReadingTime {
  ms: number;
}

/** Reads the last committed records of some keys from a topic of one partition, from its end backwards. */
export class LogTail {
  readonly #reader: PartitionReader;
  readonly #topic: string;
  readonly #patienceMs: number;
  readonly #clock: Clock;
  readonly #spent: ReadingTime;

  /**
   * `patienceMs`: how long a transaction of others may keep the end of the log undecided, and brokers may give nothing because
   * a quota is used up. `spent` is added to.
   */
  constructor(
    cluster: Cluster,
    clock: Clock,
    topic: string,
    patienceMs: number,
    spent: ReadingTime = { ms: 0 },
  ) {
    this.#clock = clock;
    this.#spent = spent;
    const place = { topic, partition: PARTITION };
    const patience = { throttledMs: patienceMs, unreachableMs: 0 };
    this.#reader = new PartitionReader(cluster, clock, place, patience);
    this.#topic = topic;
    this.#patienceMs = patienceMs;
  }

  /**
   * The last committed record of each key that has one. `isStrict`: everything written so far is decided
   * first, so that nothing committed is missed; without it the answer may be a little old.
   */
  async last(
    keys: readonly string[],
    isStrict: boolean,
    signal: AbortSignal,
  ): Promise<Map<string, FetchedRecord>> {
    const start = await this.#reader.offset("start", signal);
    const end = isStrict
      ? await this.#reader.stableEnd(this.#patienceMs, () => undecided(this.#topic), signal)
      : await this.#reader.offset("last-stable", signal);
    const found = new Map<string, FetchedRecord>();
    let window = WINDOW_RECORDS;
    for (let to = end; to > start && found.size < keys.length; window *= WINDOW_GROWTH) {
      const from = to - window > start ? to - window : start;
      for (const [key, record] of await this.#lastBetween(from, to, keys, signal)) {
        if (!found.has(key)) found.set(key, record);
      }
      to = from;
    }
    return found;
  }

  async #lastBetween(
    from: bigint,
    to: bigint,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, FetchedRecord>> {
    const found = new Map<string, FetchedRecord>();
    for (let at = from; at < to; ) {
      const startedMs = this.#clock.monotonicMs();
      const fetched = await this.#reader.fetch(at, signal);
      if (fetched === null)
        throw kafkaError(`Fetch of ${this.#topic}`, ERROR.offsetOutOfRange, "retry");
      const newest = fetched.batches.at(-1);
      if (newest === undefined || newest.lastOffset < at)
        throw unreadable(this.#topic, "an empty answer");
      for (const batch of committedBatches(fetched)) {
        if (batch.codec !== 0) throw unreadable(this.#topic, "compressed records");
        for (const record of this.#records(batch)) {
          const key = record.key?.toString() ?? "";
          if (record.offset >= at && record.offset < to && keys.includes(key))
            found.set(key, record);
        }
      }
      at = newest.lastOffset + 1n;
      this.#spent.ms += this.#clock.monotonicMs() - startedMs;
    }
    return found;
  }

  #records(batch: FetchedBatch): FetchedRecord[] {
    try {
      return readRecords(batch);
    } catch {
      throw unreadable(this.#topic, `the batch at offset ${batch.baseOffset} is damaged`);
    }
  }
}

function undecided(topic: string): RelayError {
  const message = `a transaction is open in the checkpoint topic ${topic} and keeps its end undecided`;
  return new RelayError(message, {
    code: "CHECKPOINT_UNDECIDED",
    remedy: "retry",
    hint: "Ours have ended: wait for the time-out of another producer's (and give this relay a RELAY_CHECKPOINT_TOPIC of its own), or, where it lasts for minutes, find the one that hangs with kafka-transactions find-hanging; docs/runbooks/CHECKPOINT_UNDECIDED.md has the steps.",
  });
}

function unreadable(topic: string, what: string): RelayError {
  return new RelayError(`the checkpoint topic ${topic} cannot be read: ${what}`, {
    code: "CHECKPOINT_UNREADABLE",
    remedy: "halt",
    hint: `Check the topic's settings: kafka-configs --describe --topic ${topic}; compression.type must be producer or uncompressed.`,
  });
}
