import type { TopicTemplate } from "../event/topic-template.ts";
import type { Watermark } from "../watermark.ts";
import type { BackfillRows, Candidate } from "./backfill-rows.ts";
import { WINDOW_ROWS_MAX } from "./backfill-rows.ts";
import { IdWindow } from "./id-window.ts";
import type { PublishedEvents } from "./published-events.ts";

/** How far the clocks of Postgres and of brokers may differ, and commit times lie out of order. */
const CLOCKS_APART_MS = 10 * 60_000;

/** Tells for one window of candidates after the other which of them Kafka holds already. */
export class AlreadyPublished {
  readonly #published: PublishedEvents;
  readonly #topics: TopicTemplate;
  readonly #since: Watermark | null;
  readonly #ids: IdWindow;
  /** Partitions in which older records were removed, so that not all could be recognised. */
  readonly cutShort = new Set<string>();

  constructor(
    published: PublishedEvents,
    topics: TopicTemplate,
    since: Watermark | null,
    candidates: number,
  ) {
    this.#published = published;
    this.#topics = topics;
    this.#since = since;
    this.#ids = new IdWindow(Math.max(1, Math.min(candidates, WINDOW_ROWS_MAX)));
  }

  /** Candidates of the window, and how many of them Kafka holds. */
  get window(): { readonly candidates: number; readonly published: number } {
    return { candidates: this.#ids.size, published: this.#ids.foundCount };
  }

  /** Goes on to the next window; false at the end. */
  async next(rows: BackfillRows, signal: AbortSignal): Promise<boolean> {
    this.#ids.clear();
    const topics = new Set<string>();
    let oldestMs = this.#since?.atMs ?? Infinity;
    let isDated = true;
    const count = await rows.next(({ id, route, createdMs }: Candidate) => {
      this.#ids.add(id);
      if (route !== null) topics.add(this.#topics.topic(route));
      if (createdMs !== null) oldestMs = Math.min(oldestMs, createdMs);
      else isDated = false;
    }, signal);
    if (count === 0) return false;
    const isKnown = Number.isFinite(oldestMs) && (isDated || this.#since !== null);
    const sinceMs = isKnown ? Math.max(0, oldestMs - CLOCKS_APART_MS) : 0;
    const report = await this.#published.since(
      [...topics],
      sinceMs,
      ({ id }) => this.#ids.find(id),
      signal,
    );
    for (const partition of report.cutShort) this.cutShort.add(partition);
    return true;
  }

  isPublished(index: number): boolean {
    return this.#ids.isFound(index);
  }
}
