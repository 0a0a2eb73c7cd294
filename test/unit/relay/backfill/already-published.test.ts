import { describe, expect, it } from "@jest/globals";
import {
  AlreadyPublished,
  searchFloorMs,
} from "../../../../src/relay/backfill/already-published.ts";
import type { BackfillRows, Candidate } from "../../../../src/relay/backfill/backfill-rows.ts";
import type { PublishedEvents } from "../../../../src/relay/backfill/published-events.ts";
import { TopicTemplate } from "../../../../src/relay/event/topic-template.ts";
import { LSN_ZERO } from "../../../../src/relay/lsn.ts";
import type { Watermark } from "../../../../src/relay/watermark.ts";

const HOUR_MS = 3_600_000;
const AT_MS = 1_700_000_000_000;
const SINCE: Watermark = { snapshot: "7:9:", lsn: LSN_ZERO, atMs: AT_MS };
const GO_ON = new AbortController().signal;

function candidate(over: Partial<Candidate>): Candidate {
  return { id: "a", route: "order", createdMs: AT_MS + 60_000, isNew: true, ...over };
}

/** From which time on the topics are read for these candidates. */
async function searchedFrom(
  since: Watermark | null,
  candidates: readonly Candidate[],
): Promise<number | null> {
  let fromMs: number | null = null;
  const published = {
    since: (_topics: readonly string[], sinceMs: number) => {
      fromMs = sinceMs;
      return Promise.resolve({ records: 0, cutShort: [] });
    },
  } as unknown as PublishedEvents;
  const rows = {
    next: (take: (one: Candidate) => void) => {
      for (const one of candidates) take(one);
      return Promise.resolve(candidates.length);
    },
  } as unknown as BackfillRows;
  const topics = new TopicTemplate("outbox.event.${routedByValue}");
  await new AlreadyPublished(published, topics, since, candidates.length).next(rows, GO_ON);
  return fromMs;
}

describe("the search for what is published already", () => {
  it("begins at the beginning of the topics without a watermark, whatever the rows say", async () => {
    expect(await searchedFrom(null, [candidate({})])).toBe(0);
  });

  it("begins an hour before the watermark when every candidate is newer", async () => {
    const candidates = [candidate({}), candidate({ createdMs: AT_MS + HOUR_MS })];
    expect(await searchedFrom(SINCE, candidates)).toBe(AT_MS - HOUR_MS);
  });

  it("begins earlier for a candidate that was written earlier", async () => {
    const early = candidate({ createdMs: AT_MS - 5 * HOUR_MS });
    expect(await searchedFrom(SINCE, [candidate({}), early, candidate({})])).toBe(
      AT_MS - 6 * HOUR_MS,
    );
  });

  it.each<[string, Partial<Candidate>]>([
    ["may be older than the watermark", { isNew: false }],
    ["does not tell when it was written", { createdMs: null }],
    ["was written before 1970", { createdMs: -5 }],
    ["was written at -infinity", { createdMs: Number.NEGATIVE_INFINITY }],
  ])("begins at the beginning when one candidate %s", async (_, over) => {
    const candidates = [candidate({}), candidate(over), candidate({})];
    expect(await searchedFrom(SINCE, candidates)).toBe(0);
  });

  it("never begins later than the floor, below which no backfill stamps its records", async () => {
    const ahead = [candidate({ createdMs: AT_MS + 1_000 * HOUR_MS })];
    expect(await searchedFrom(SINCE, ahead)).toBe(searchFloorMs(SINCE));
    expect(searchFloorMs(null)).toBe(0);
    expect(searchFloorMs({ ...SINCE, atMs: 5 })).toBe(0);
  });
});
