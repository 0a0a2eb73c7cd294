import { formatBytes, formatSeconds } from "../amounts.ts";
import { chart } from "./chart.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { PageFacts } from "./page-facts.ts";
import { BINARY, DECIMAL } from "./scale.ts";
import { forecast } from "./tables.ts";

/** What a state means to somebody who sees it for the first time. */
const MEANINGS: Readonly<Record<string, string>> = {
  starting: "Looking at Postgres and Kafka before taking the slot.",
  standby: "Ready. Another relay holds the slot; this one takes over when it is free.",
  streaming: "Publishing committed rows to Kafka.",
  stalled:
    "Nothing could be published for a while. The slot keeps the rows; the relay tries again.",
  draining: "Stopping: the last batch is being finished.",
  failed:
    "Stopped publishing, because going on would lose or repeat events. The slot keeps the rows.",
};

export function stateSection({ state, nowMs }: PageFacts): Html {
  const { name, reason, sinceMs } = state;
  const lasting = formatSeconds(Math.max(0, nowMs - sinceMs) / 1_000);
  const problem =
    reason === null
      ? null
      : html`<div class="problem"><p><code>${reason.code}</code> ${reason.message}</p><p class="next"><b>What to do:</b> ${reason.hint}</p></div>`;
  return html`<section class="panel state ${name}" aria-labelledby="state"><h2 id="state"><span class="badge">${name}</span> <span class="since">for ${lasting}</span></h2>
<p>${MEANINGS[name] ?? null}</p>${problem}</section>`;
}

export function figuresSection(facts: PageFacts): Html {
  const { lag, slot, samples } = facts;
  const rate = samples.at(-1)?.eventsPerSecond ?? null;
  const retained = slot?.facts.retainedBytes ?? null;
  return html`<dl class="figures" aria-label="Key figures">
${figure("Lag", lag === null ? null : formatLag(lag.seconds), lag === null ? "not this relay's" : `${formatBytes(lag.bytes)} of WAL`)}
${figure("Throughput", rate === null ? null : formatRate(rate), "over ten seconds")}
${figure("Published", facts.publishedEvents.toLocaleString("en"), "events since the start")}
${figure("WAL retained", retained === null ? null : formatBytes(retained), forecast(facts))}</dl>`;
}

function figure(name: string, value: string | null, note: string): Html {
  return html`<div class="panel"><dt>${name}</dt><dd class="value">${value ?? "–"}</dd><dd class="note">${note}</dd></div>`;
}

export function chartsSection({ samples, nowMs, isLeader }: PageFacts): Html {
  const soon = "The first values come within 20 seconds.";
  const empty = isLeader ? soon : "Only the relay that holds the slot has one.";
  const points = (of: (sample: (typeof samples)[number]) => number | null) =>
    samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) }));
  return html`<div class="charts">${chart(
    { id: "lag", title: "Lag", unit: " s", least: 1, steps: DECIMAL, format: formatLag, empty },
    points(({ lagSeconds }) => lagSeconds),
    nowMs,
  )}${chart(
    {
      id: "rate",
      title: "Throughput",
      unit: "/s",
      least: 10,
      steps: DECIMAL,
      format: formatRate,
      empty,
    },
    points(({ eventsPerSecond }) => eventsPerSecond),
    nowMs,
  )}${chart(
    {
      id: "wal",
      title: "WAL retained by the slot",
      unit: "",
      least: 1024 ** 2,
      steps: BINARY,
      format: formatBytes,
      empty: soon,
    },
    points(({ retainedBytes }) => retainedBytes),
    nowMs,
  )}</div>`;
}

export function errorsSection({ errors, nowMs }: PageFacts): Html {
  const items = errors.map(
    ({
      code,
      message,
      hint,
      count,
      lastMs,
    }) => html`<li><p class="when"><code>${code}</code> <time datetime="${new Date(lastMs).toISOString()}">${formatSeconds(Math.max(0, nowMs - lastMs) / 1_000)} ago</time>${count > 1 ? html` · <span>${count} times</span>` : null}</p>
<p>${message}</p><p class="next"><b>What to do:</b> ${hint}</p></li>`,
  );
  const body =
    items.length === 0 ? html`<p class="empty">None since the start.</p>` : html`<ol>${items}</ol>`;
  return html`<section class="panel errors" aria-labelledby="errors"><h2 id="errors">Last errors and warnings</h2>${body}</section>`;
}

function formatLag(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
}

function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? Number(perSecond.toFixed(1)) : Math.round(perSecond).toLocaleString("en")}/s`;
}
