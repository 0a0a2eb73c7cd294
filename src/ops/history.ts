import type { RelayView } from "./relay-view.ts";

/** One look each ten seconds, over one hour. */
export const SAMPLE_INTERVAL_MS = 10_000;
const SAMPLES_MAX = 361;

/** Null is what was not known, or not this relay's to know. */
export interface HistorySample {
  /** Ms since 1970. */
  readonly atMs: number;
  readonly lagSeconds: number | null;
  readonly lagBytes: number | null;
  /** Since the sample before. */
  readonly eventsPerSecond: number | null;
  readonly retainedBytes: number | null;
}

/** The last hour, for the lines of the status page. */
export class History {
  readonly #view: RelayView;
  readonly #samples: HistorySample[] = [];
  #last: { readonly atMs: number; readonly published: number } | null = null;

  constructor(view: RelayView) {
    this.#view = view;
  }

  /** Oldest first. */
  get samples(): readonly HistorySample[] {
    return this.#samples;
  }

  take(atMs: number): void {
    const lag = this.#view.lag(atMs);
    const published = this.#view.publishedEvents;
    const eventsPerSecond = lag === null ? null : this.#rate(atMs, published);
    this.#last = { atMs, published };
    this.#samples.push({
      atMs,
      lagSeconds: lag?.seconds ?? null,
      lagBytes: lag?.bytes ?? null,
      eventsPerSecond,
      retainedBytes: this.#view.slot?.facts.retainedBytes ?? null,
    });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** A clock that was set back gives no rate. */
  #rate(atMs: number, published: number): number | null {
    if (this.#last === null || atMs <= this.#last.atMs) return null;
    return ((published - this.#last.published) * 1_000) / (atMs - this.#last.atMs);
  }
}
