import type { TopicTemplate } from "../event/topic-template.ts";
import type { Watermark } from "../watermark.ts";
import type { BackfillRows, Candidate } from "./backfill-rows.ts";
import { WINDOW_ROWS_MAX } from "./backfill-rows.ts";
import { IdWindow } from "./id-window.ts";
import type { PublishedEvents } from "./published-events.ts";

/** How far the server's clock may have been set back, and commit times lie out of order. */
const CLOCK_STEP_MS = 60 * 60_000;

/**
 * Where the search for what a backfill may have published begins at the latest, ms since 1970 on the server's clock. No
 * record of a backfill has an earlier timestamp, so that one that begins again finds it whatever became of the clock.
 */
export function searchFloorMs(since: Watermark | null): number {
  return since === null ? 0 : Math.max(0, since.atMs - CLOCK_STEP_MS);
}

/** Tells for one window of candidates after the other which of them Kafka holds already, or gets by the slot. */
export class AlreadyPublished {
  readonly #published: PublishedEvents;
  readonly #topics: TopicTemplate;
  readonly #since: Watermark | null;
  readonly #ids: IdWindow;
  readonly #broughtBySlot: ReadonlySet<string>;
  /** Partitions in which older records were removed, so that not all could be recognised. */
  readonly cutShort = new Set<string>();

  constructor(
    published: PublishedEvents,
    topics: TopicTemplate,
    since: Watermark | null,
    candidates: number,
    broughtBySlot: ReadonlySet<string> = new Set(),
  ) {
    this.#broughtBySlot = broughtBySlot;
    this.#published = published;
    this.#topics = topics;
    this.#since = since;
    this.#ids = new IdWindow(Math.max(1, Math.min(candidates, WINDOW_ROWS_MAX)));
  }

  /** Candidates of the window, and how many of them Kafka holds. */
  get window(): { readonly candidates: number; readonly published: number } {
    return { candidates: this.#ids.size, published: this.#ids.foundCount };
  }

  /**
   * Goes on to the next window; false at the end. The topics are read from their beginning, unless each candidate's own
   * transaction is one that the watermark does not show, and its row tells when it was: then from the earliest of these
   * times and the watermark's, less an hour. All of them are times of one clock, the server's.
   */
  async next(rows: BackfillRows, signal: AbortSignal): Promise<boolean> {
    this.#ids.clear();
    const topics = new Set<string>();
    let sinceMs = searchFloorMs(this.#since);
    const count = await rows.next(({ id, route, createdMs, isNew }: Candidate) => {
      this.#ids.add(id);
      if (this.#broughtBySlot.has(id)) this.#ids.find(id);
      if (route !== null) topics.add(this.#topics.topic(route));
      const earliestMs = isNew && createdMs !== null ? createdMs - CLOCK_STEP_MS : 0;
      sinceMs = Math.max(0, Math.min(sinceMs, earliestMs));
    }, signal);
    if (count === 0) return false;
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
