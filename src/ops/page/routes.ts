import type { History } from "../history.ts";
import { SAMPLE_INTERVAL_MS } from "../history.ts";
import type { Answer, Question, Route } from "../http/answer.ts";
import { jsonAnswer } from "../http/answer.ts";
import type { RecentErrors } from "../recent-errors.ts";
import type { RelayView } from "../relay-view.ts";
import { PAGE_POLICY, page, pageMain } from "./page.ts";
import type { PageFacts } from "./page-facts.ts";

/** `/status` and `/status/history` as JSON. */
export function statusRoutes(
  view: RelayView,
  history: History,
  errors: RecentErrors,
): [string, Route][] {
  const intervalSeconds = SAMPLE_INTERVAL_MS / 1_000;
  return [
    [
      "/status",
      guarded(() => jsonAnswer(200, { ...view.status(Date.now()), errors: told(errors) })),
    ],
    [
      "/status/history",
      guarded(() => jsonAnswer(200, { intervalSeconds, samples: history.samples })),
    ],
  ];
}

/** The page for people, and its middle part alone (`?part=main`). */
export function pageRoutes(
  view: RelayView,
  history: History,
  errors: RecentErrors,
  hasMetrics: boolean,
): [string, Route][] {
  const answer = ({ query }: Question): Answer => {
    const facts = { ...factsOf(view, history, errors), hasMetrics };
    const body = query.get("part") === "main" ? pageMain(facts) : page(facts);
    const headers = { "content-security-policy": PAGE_POLICY };
    return { status: 200, type: "text/html; charset=utf-8", body, headers };
  };
  return [["/", guarded(answer)]];
}

/** As the page shows them, with times as `/status` has them. */
function told(errors: RecentErrors): readonly Record<string, unknown>[] {
  return errors.list.map(({ firstMs, lastMs, ...error }) => ({
    ...error,
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
  }));
}

function guarded(answer: Route["answer"]): Route {
  return { answer, isOpen: false };
}

function factsOf(
  view: RelayView,
  history: History,
  errors: RecentErrors,
): Omit<PageFacts, "hasMetrics"> {
  const nowMs = Date.now();
  const { relay, identity, slots, slot, kafka, publishedEvents } = view;
  return {
    nowMs,
    ...identity,
    slotName: slots.name,
    state: relay.state,
    isLeader: relay.session !== null,
    lag: view.lag(nowMs),
    publishedEvents,
    slot,
    kafka,
    isPostgresReachable: slots.isReachable,
    samples: history.samples,
    errors: errors.list,
  };
}
