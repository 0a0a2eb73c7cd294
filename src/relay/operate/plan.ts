import { AlreadyPublished } from "../backfill/already-published.ts";
import type { BackfillRows } from "../backfill/backfill-rows.ts";
import type { PublishedEvents } from "../backfill/published-events.ts";
import { TopicTemplate } from "../event/topic-template.ts";
import type { Watermark } from "../watermark.ts";

/** What a backfill would do if it were begun now. */
export interface Plan {
  /** Rows that the tables hold. */
  readonly rows: number;
  /** Those of them that may be missing. */
  readonly candidates: number;
  /** Those of them that Kafka holds. */
  readonly published: number;
  /** The rest, which would be sent. */
  readonly missing: number;
  /** Partitions whose older records were removed by retention: a row published there before would be sent again. */
  readonly cutShort: readonly string[];
  /** What the numbers cannot tell, one sentence each. */
  readonly notes: readonly string[];
}

/** Compares the candidates with the topics, in bounded memory; changes nothing. */
export async function planBackfill(
  rows: BackfillRows,
  published: PublishedEvents,
  topicTemplate: string,
  since: Watermark | null,
  signal: AbortSignal,
): Promise<Plan> {
  const topics = new TopicTemplate(topicTemplate);
  const already = new AlreadyPublished(published, topics, since, rows.candidates);
  let candidates = 0;
  let found = 0;
  while (await already.next(rows, signal)) {
    candidates += already.window.candidates;
    found += already.window.published;
  }
  const cutShort = [...already.cutShort].toSorted();
  const { tableRows, notes } = rows;
  return {
    rows: tableRows,
    candidates,
    published: found,
    missing: candidates - found,
    cutShort,
    notes,
  };
}
