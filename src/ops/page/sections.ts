import { formatLsn } from "../../relay/lsn.ts";
import { formatBytes, formatSeconds } from "../amounts.ts";
import { chart } from "./chart.ts";
import type { Html, Part } from "./html.ts";
import { html } from "./html.ts";
import type { PageFacts } from "./page-facts.ts";
import { BINARY, DECIMAL } from "./scale.ts";

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
  const empty = isLeader ? soon : "A relay that stands by has none of its own.";
  const points = (of: (sample: (typeof samples)[number]) => number | null) =>
    samples.map((sample) => ({ atMs: sample.atMs, value: of(sample) }));
  return html`<div class="charts">${chart(
    { id: "lag", title: "Lag", unit: "s", least: 1, steps: DECIMAL, format: formatLag, empty },
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

export function slotSection(facts: PageFacts): Html {
  const { slot, slotName, isLeader } = facts;
  const rows: Row[] = [["Name", slotName]];
  if (slot === null) rows.push(["Seen", "not yet, or Postgres cannot be asked"]);
  else {
    const { facts: seen, oldestTransaction: oldest, failoverGap } = slot;
    rows.push(
      ["Held by", holder(seen.active, seen.holder ?? null, isLeader)],
      ["WAL status", seen.walStatus],
      ["Confirmed", seen.confirmedLsn === null ? null : formatLsn(seen.confirmedLsn)],
      ["Retained", bytes(seen.retainedBytes)],
      ["Unconfirmed", bytes(seen.unconfirmedBytes)],
      [
        "Growth",
        slot.growthBytesPerSecond === null ? null : `${formatBytes(slot.growthBytesPerSecond)}/s`,
      ],
      ["Forecast", forecast(facts)],
      [
        "Oldest transaction",
        oldest === null
          ? null
          : `${oldest.pid === null ? `prepared ${oldest.gid ?? ""}` : `pid ${oldest.pid}`}, open for ${formatSeconds(oldest.seconds)}`,
      ],
      ["Failover", failoverGap === null ? "ready" : `not ready: ${failoverGap}`],
    );
  }
  return html`<section class="panel" aria-labelledby="slot"><h2 id="slot">Slot and WAL</h2>${budget(facts)}${list(rows)}</section>`;
}

/** How much of the room is used, as a bar; nothing where nobody knows a limit. */
function budget({ slot }: PageFacts): Html | null {
  const retained = slot?.facts.retainedBytes ?? null;
  if (slot === null || slot.room === null || retained === null) return null;
  const limit = retained + slot.room.bytes;
  const share = limit <= 0 ? 1 : Math.min(1, retained / limit);
  const level = share > 0.8 ? "high" : share > 0.5 ? "middle" : "low";
  const name = slot.room.limit === "slot" ? "max_slot_wal_keep_size" : "RELAY_WAL_BUDGET";
  const spoken = `${Math.round(share * 100)} % of ${name} used`;
  return html`<svg class="budget ${level}" role="img" aria-label="${spoken}" viewBox="0 0 100 4" preserveAspectRatio="none"><rect class="all" width="100" height="4"/><rect class="used" width="${(share * 100).toFixed(1)}" height="4"/></svg>
<p class="note">${spoken}: ${formatBytes(retained)} of ${formatBytes(limit)}</p>`;
}

export function surroundingsSection(facts: PageFacts): Html {
  const { kafka, isLeader, isPostgresReachable, slot } = facts;
  const rows: Row[] = [
    ["This relay", `${facts.instance}, ${isLeader ? "leads" : "stands by"}`],
    [
      "Slot held by",
      slot === null ? null : holder(slot.facts.active, slot.facts.holder ?? null, isLeader),
    ],
    [
      "Postgres",
      isPostgresReachable === null
        ? "not asked yet"
        : isPostgresReachable
          ? "answers"
          : "does not answer",
    ],
    ["Kafka", kafka.reachable ? "answers" : "does not answer"],
    ["Brokers", `${kafka.brokers} in the cluster, ${kafka.connected} connected`],
  ];
  return html`<section class="panel" aria-labelledby="around"><h2 id="around">Relay, Postgres and Kafka</h2>${list(rows)}</section>`;
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

type Row = readonly [name: string, value: Part];

function list(rows: readonly Row[]): Html {
  const known = rows.filter(([, value]) => value !== null);
  return html`<dl class="rows">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Relays give their connections the name `relay:<instance>`. */
function holder(isActive: boolean, name: string | null, isLeader: boolean): string {
  if (isLeader) return "this relay";
  if (!isActive) return "nobody";
  return name === null ? "another session" : name.replace(/^relay:/, "");
}

function forecast({ slot }: PageFacts): string {
  if (slot === null) return "not known yet";
  if (slot.exhaustionSeconds !== null) return `used up in ${formatSeconds(slot.exhaustionSeconds)}`;
  return slot.room === null ? "no limit is known" : `${formatBytes(slot.room.bytes)} left`;
}

function bytes(amount: number | null): string | null {
  return amount === null ? null : formatBytes(amount);
}

function formatLag(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
}

function formatRate(perSecond: number): string {
  return `${perSecond < 10 ? Number(perSecond.toFixed(1)) : Math.round(perSecond).toLocaleString("en")}/s`;
}
