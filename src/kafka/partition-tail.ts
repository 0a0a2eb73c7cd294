import type { PublishedEvent } from "../relay/backfill/published-events.ts";
import { RelayError } from "../relay/errors.ts";
import type { PartitionEvents } from "./partition-events.ts";
import type { PartitionReader } from "./partition-reader.ts";
import type { TopicFacts } from "./topic-facts.ts";

/** Enough that one fetch brings it where records are small. */
const WINDOW_RECORDS = 1_024n;
const WINDOW_GROWTH = 8n;
const WINDOW_RECORDS_MAX = 65_536n;

type Found = (event: PublishedEvent) => void;

/** The newest events of one partition; how far back is asked in two ways. Both return whether the log is cut short. */
export class PartitionTail {
  readonly #reader: PartitionReader;
  readonly #events: PartitionEvents;
  readonly #facts: TopicFacts;
  readonly #undecidedMsMax: number;

  /** `undecidedMsMax`: how long somebody's open transaction may keep the end of the log undecided. */
  constructor(
    reader: PartitionReader,
    events: PartitionEvents,
    facts: TopicFacts,
    undecidedMsMax: number,
  ) {
    this.#reader = reader;
    this.#events = events;
    this.#facts = facts;
    this.#undecidedMsMax = undecidedMsMax;
  }

  get name(): string {
    return `${this.#reader.topic}-${this.#reader.partition}`;
  }

  /**
   * Those at or after a time. The log counts as complete when it still holds an older record, for retention removes the
   * oldest. Its start is asked for after the first offset of that time, so that what is removed in between shows.
   *
   * Timestamps that brokers set are by their clocks, which may be apart from that of `sinceMs` by any time: then all
   * records are read.
   */
  async since(sinceMs: number, found: Found, signal: AbortSignal): Promise<boolean> {
    const to = await this.#end(signal);
    const isTimed = sinceMs > 0 && (await this.#keepsTimestamps(signal));
    const first = await this.#firstSince(isTimed ? sinceMs : 0, signal);
    const start = await this.#reader.offset("start", signal);
    const from = first < start ? start : first;
    let hasOlder = false;
    // Times need not grow: behind the first one that is late enough, earlier ones may follow.
    const take: Found = (event) => {
      const isOlder = event.timestampMs < sinceMs;
      hasOlder ||= isOlder;
      if (!isOlder || !isTimed) found(event);
    };
    const begun = await this.#events.read({ from, to }, take, signal);
    if (begun > from) return true;
    return from === start && start > 0n && (isTimed || !hasOlder);
  }

  async #keepsTimestamps(signal: AbortSignal): Promise<boolean> {
    return (await this.#facts.of(this.#reader.topic, signal)).keepsTimestamps;
  }

  /** Those after a position. Reads on until a window has events at or before it and none after it. */
  async after(position: string, found: Found, signal: AbortSignal): Promise<boolean> {
    const start = await this.#reader.offset("start", signal);
    let hasEarlier = false;
    let window = WINDOW_RECORDS;
    for (let to = await this.#end(signal); to > start; ) {
      const from = to - window > start ? to - window : start;
      const seen = { earlier: false, later: false };
      const take: Found = (event) => {
        if (event.position === null) return;
        const isLater = event.position > position;
        seen[isLater ? "later" : "earlier"] = true;
        if (isLater) found(event);
      };
      const begun = await this.#events.read({ from, to }, take, signal);
      hasEarlier ||= seen.earlier;
      if (seen.earlier && !seen.later) return false;
      if (begun > from) return !hasEarlier;
      to = from;
      if (window < WINDOW_RECORDS_MAX) window *= WINDOW_GROWTH;
    }
    return start > 0n && !hasEarlier;
  }

  /** At 0 the log's start, also of records without a time; the end of the log where none is late enough. */
  async #firstSince(sinceMs: number, signal: AbortSignal): Promise<bigint> {
    if (sinceMs <= 0) return this.#reader.offset("start", signal);
    const first = await this.#reader.offset({ atOrAfterMs: Math.ceil(sinceMs) }, signal);
    return first >= 0n ? first : this.#reader.offset("high-watermark", signal);
  }

  #end(signal: AbortSignal): Promise<bigint> {
    return this.#reader.stableEnd(this.#undecidedMsMax, () => this.#undecided(), signal);
  }

  #undecided(): RelayError {
    return new RelayError(`somebody's transaction stays open in ${this.name}`, {
      code: "TOPIC_UNDECIDED",
      remedy: "retry",
      hint: `What comes after its first record cannot be read until it ends. Find it: kafka-transactions --bootstrap-server <broker> find-hanging --topic ${this.#reader.topic} --partition ${this.#reader.partition}.`,
    });
  }
}
