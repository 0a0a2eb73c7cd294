import type { PublishedBatch } from "../../relay/observer.ts";
import { HistogramSeries } from "./counted-histogram.ts";
import { OTHER } from "./label-cap.ts";

export interface TopicTotals {
  events: number;
  bytes: number;
  /** From commit to durable, s. */
  readonly latency: HistogramSeries;
}

/** What was published, by topic. */
export class TopicLedger {
  readonly #topicsMax: number;
  readonly #latencyBounds: readonly number[];
  readonly #byTopic = new Map<string, TopicTotals>();
  #other: TopicTotals | null = null;

  constructor(topicsMax: number, latencyBounds: readonly number[]) {
    this.#topicsMax = topicsMax;
    this.#latencyBounds = latencyBounds;
  }

  add({ parts, durableAtMs }: PublishedBatch): void {
    for (const { topic, timestampMs, events, bytes } of parts) {
      const totals = this.#totals(topic);
      totals.events += events;
      totals.bytes += bytes;
      // Two machines' clocks: never below 0.
      totals.latency.add(Math.max(0, durableAtMs - timestampMs) / 1_000, events);
    }
  }

  *entries(): IterableIterator<readonly [topic: string, TopicTotals]> {
    yield* this.#byTopic;
    if (this.#other !== null) yield [OTHER, this.#other];
  }

  #totals(topic: string): TopicTotals {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) return known;
    const isFull = this.#byTopic.size >= this.#topicsMax || topic === OTHER;
    if (isFull && this.#other !== null) return this.#other;
    const totals = { events: 0, bytes: 0, latency: new HistogramSeries(this.#latencyBounds) };
    if (isFull) this.#other = totals;
    else this.#byTopic.set(topic, totals);
    return totals;
  }
}
