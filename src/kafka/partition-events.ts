import type { PublishedEvent } from "../relay/backfill/published-events.ts";
import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { HEADER_NAMES } from "../relay/event/row-headers.ts";
import type { FetchedPartition } from "./api/fetch.ts";
import { plainBody, unreadableBatch } from "./batch-bodies.ts";
import { committedBatches } from "./committed-batches.ts";
import { ERROR } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import type { PartitionReader } from "./partition-reader.ts";
import { Patience } from "./patience.ts";
import type { TopicFacts } from "./topic-facts.ts";
import { DamagedRecordsError, HeaderScanner } from "./wire/header-scanner.ts";
import type { FetchedBatch } from "./wire/record-batch-reader.ts";

/** Between two looks for records that should be there. */
const EMPTY_PAUSES = { firstMs: 20, maxMs: 400 };
const POSITION = /^[0-9A-F]{8}\/[0-9A-F]{16}\/[0-9A-F]{8}$/;

export interface EventRange {
  readonly from: bigint;
  /** Exclusive; everything before it is decided. */
  readonly to: bigint;
}

/** The committed events of one partition, one fetch at a time. */
export class PartitionEvents {
  readonly #reader: PartitionReader;
  readonly #facts: TopicFacts;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #scanner = new HeaderScanner([HEADER_NAMES.id, HEADER_NAMES.position]);

  /** `patienceMs`: how long a leader may have nothing to give where there should be something. */
  constructor(reader: PartitionReader, facts: TopicFacts, clock: Clock, patienceMs: number) {
    this.#reader = reader;
    this.#facts = facts;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
  }

  /**
   * Hands out the events of the range in the order of their offsets, those without an `id` left out. Returns where the
   * reading began: after `from` when retention has removed what was there, also while it was being read.
   */
  async read(
    { from, to }: EventRange,
    take: (event: PublishedEvent) => void,
    signal: AbortSignal,
  ): Promise<bigint> {
    let begun = from;
    let patience = this.#patience(signal);
    for (let at = from; at < to; ) {
      if (signal.aborted) throw givenUp();
      const fetched = await this.#reader.fetch(at, signal);
      if (fetched === null) {
        at = await this.#startAfter(at, signal);
        begun = at;
        continue;
      }
      const newest = fetched.batches.at(-1);
      if (newest !== undefined && newest.lastOffset >= at) {
        await this.#takeFrom(fetched, { from: at, to }, take, signal);
        at = newest.lastOffset + 1n;
        patience = this.#patience(signal);
      } else {
        if (await this.#isEmpty(fetched, to, signal)) break;
        const silent = this.#silent(at);
        await patience.again(() => silent);
      }
    }
    return begun;
  }

  #patience(signal: AbortSignal): Patience {
    return new Patience(this.#clock, this.#patienceMs, signal, EMPTY_PAUSES);
  }

  async #takeFrom(
    fetched: FetchedPartition,
    { from, to }: EventRange,
    take: (event: PublishedEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { topic, partition } = this.#reader;
    for (const batch of committedBatches(fetched)) {
      if (batch.baseOffset >= to) return;
      const body = await this.#body(batch, signal);
      this.#scan(batch, body, (offset, timestampMs, [id = null, position = null]) => {
        if (id === null || offset < from || offset >= to) return;
        const known = position !== null && POSITION.test(position) ? position : null;
        take({ topic, partition, offset, id, position: known, timestampMs });
      });
    }
  }

  async #body(batch: FetchedBatch, signal: AbortSignal): Promise<Buffer> {
    if (batch.codec === 0) return batch.body;
    const { messageBytesMax } = await this.#facts.of(this.#reader.topic, signal);
    return plainBody(this.#reader, batch, messageBytesMax);
  }

  #scan(batch: FetchedBatch, body: Buffer, visit: Parameters<HeaderScanner["scan"]>[2]): void {
    try {
      this.#scanner.scan(batch, body, visit);
    } catch (error) {
      throw error instanceof DamagedRecordsError
        ? unreadableBatch(this.#reader, batch, error)
        : error;
    }
  }

  /** Where the log begins now that it does not reach back to `at`. */
  async #startAfter(at: bigint, signal: AbortSignal): Promise<bigint> {
    const start = await this.#reader.offset("start", signal);
    if (start > at) return start;
    const where = `Fetch of ${this.#reader.topic}-${this.#reader.partition} at offset ${at}`;
    throw kafkaError(where, ERROR.offsetOutOfRange, "retry");
  }

  /**
   * Whether an answer without records means that there are none up to `to`. Compaction can leave such a range, and then
   * the leader answers with nothing (LocalLog.read). So does a new leader that does not know yet how far its log is
   * decided, and one that waits in vain for tiered storage (KIP-405), which does not go with compaction.
   */
  async #isEmpty(fetched: FetchedPartition, to: bigint, signal: AbortSignal): Promise<boolean> {
    if (fetched.batches.length > 0 || fetched.lastStable < to) return false;
    const { isLocal } = await this.#facts.of(this.#reader.topic, signal);
    return isLocal;
  }

  #silent(at: bigint): RelayError {
    const { topic, partition } = this.#reader;
    return new RelayError(`Kafka gives no records of ${topic}-${partition} from offset ${at} on`, {
      code: "KAFKA_NO_RECORDS",
      remedy: "retry",
      hint: "Look at the brokers' logs, and at the tiered storage of the topic where it has one.",
    });
  }
}

function givenUp(): RelayError {
  return new RelayError("the reading was given up", {
    code: "KAFKA_CLOSED",
    remedy: "retry",
    hint: "Nothing to do.",
  });
}
