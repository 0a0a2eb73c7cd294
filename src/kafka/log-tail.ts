import type { Clock } from "../relay/clock.ts";
import { pause } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { FetchedPartition } from "./api/fetch.ts";
import { fetchRequest, readFetch } from "./api/fetch.ts";
import type { OffsetKind } from "./api/list-offsets.ts";
import { listOffsetsRequest, readOffset } from "./api/list-offsets.ts";
import type { Cluster } from "./cluster.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import type { FetchedBatch, FetchedRecord } from "./wire/record-batch-reader.ts";
import { readRecords } from "./wire/record-batch-reader.ts";

const PARTITION = 0;
const STABLE_PAUSE_MS = 5;
const WINDOW_RECORDS = 16n;
const WINDOW_GROWTH = 8n;

/** Reads the last committed records of some keys from a topic of one partition, from its end backwards. */
export class LogTail {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #topic: string;
  readonly #stableWithinMs: number;

  /** `stableWithinMs`: how long a transaction of others may keep the end of the log undecided. */
  constructor(cluster: Cluster, clock: Clock, topic: string, stableWithinMs: number) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#topic = topic;
    this.#stableWithinMs = stableWithinMs;
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
    const start = await this.#offset("start", signal);
    const end = isStrict
      ? await this.#stableEnd(signal)
      : await this.#offset("last-stable", signal);
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

  /** The high watermark, once the last stable offset has reached it: no transaction before it is open. */
  async #stableEnd(signal: AbortSignal): Promise<bigint> {
    const end = await this.#offset("high-watermark", signal);
    const deadlineMs = this.#clock.monotonicMs() + this.#stableWithinMs;
    while ((await this.#offset("last-stable", signal)) < end) {
      if (signal.aborted || this.#clock.monotonicMs() > deadlineMs) throw undecided(this.#topic);
      await pause(this.#clock, STABLE_PAUSE_MS, signal);
    }
    return end;
  }

  async #lastBetween(
    from: bigint,
    to: bigint,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, FetchedRecord>> {
    const found = new Map<string, FetchedRecord>();
    for (let at = from; at < to; ) {
      const fetched = await this.#fetch(at, signal);
      const newest = fetched.batches.at(-1);
      if (newest === undefined || newest.lastOffset < at)
        throw unreadable(this.#topic, "an empty answer");
      for (const batch of committed(fetched)) {
        if (batch.isCompressed) throw unreadable(this.#topic, "compressed records");
        for (const record of readRecords(batch)) {
          const key = record.key?.toString() ?? "";
          if (record.offset >= at && record.offset < to && keys.includes(key))
            found.set(key, record);
        }
      }
      at = newest.lastOffset + 1n;
    }
    return found;
  }

  async #fetch(offset: bigint, signal: AbortSignal): Promise<FetchedPartition> {
    const request = fetchRequest(this.#topic, PARTITION, offset);
    const fetched = await this.#cluster.askLeader(this.#topic, request, readFetch, signal);
    if (fetched.error !== ERROR.none)
      throw kafkaError(`Fetch of ${this.#topic}`, fetched.error, "retry");
    return fetched;
  }

  async #offset(kind: OffsetKind, signal: AbortSignal): Promise<bigint> {
    const request = listOffsetsRequest(this.#topic, PARTITION, kind);
    const { error, offset } = await this.#cluster.askLeader(
      this.#topic,
      request,
      readOffset,
      signal,
    );
    if (error !== ERROR.none) throw kafkaError(`ListOffsets of ${this.#topic}`, error, "retry");
    return offset;
  }
}

/** Data batches of transactions that were committed, as a read_committed consumer sees them (KIP-98). */
function committed({ aborted, batches }: FetchedPartition): FetchedBatch[] {
  const toCome = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  return batches.filter((batch) => {
    while (toCome[0] !== undefined && toCome[0].firstOffset <= batch.lastOffset) {
      open.add(toCome[0].producerId);
      toCome.shift();
    }
    if (batch.isControl) {
      open.delete(batch.producerId);
      return false;
    }
    return !(batch.isTransactional && open.has(batch.producerId));
  });
}

function undecided(topic: string): RelayError {
  return new RelayError(`somebody else's transaction is open in the checkpoint topic ${topic}`, {
    code: "CHECKPOINT_UNDECIDED",
    remedy: "retry",
    hint: "Give each relay a checkpoint topic of its own (RELAY_CHECKPOINT_TOPIC); find the transaction with kafka-transactions --find-hanging.",
  });
}

function unreadable(topic: string, what: string): RelayError {
  return new RelayError(`the checkpoint topic ${topic} cannot be read: ${what}`, {
    code: "CHECKPOINT_UNREADABLE",
    remedy: "halt",
    hint: `Check the topic's settings: kafka-configs --describe --topic ${topic}; compression.type must be producer or uncompressed.`,
  });
}
