import { formatLsn } from "../../relay/lsn.ts";
import { formatBytes, formatSeconds } from "../amounts.ts";
import type { AgedTransaction, SlotSight } from "../slot-sight.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { PageFacts } from "./page-facts.ts";

/** Of a budget that is used: from here on it is worth a look, and a worry. */
const [MIDDLE, HIGH] = [0.5, 0.8];

export function slotSection(facts: PageFacts): Html {
  const { slot, slotName } = facts;
  const rows: Row[] =
    slot === null
      ? [["Seen", "not yet, or Postgres cannot be asked"]]
      : [...slotRows(slot), ["Forecast", forecast(facts)]];
  return html`<section class="panel" aria-labelledby="slot"><h2 id="slot">Slot and WAL</h2>${budget(facts)}${list([["Name", slotName], ...rows])}</section>`;
}

function slotRows({ facts, growthBytesPerSecond }: SlotSight): Row[] {
  const { walStatus, confirmedLsn, retainedBytes, unconfirmedBytes } = facts;
  return [
    ["WAL status", walStatus],
    ["Confirmed", confirmedLsn === null ? null : formatLsn(confirmedLsn)],
    ["Retained", bytes(retainedBytes)],
    ["Unconfirmed", bytes(unconfirmedBytes)],
    ["Growth", growthBytesPerSecond === null ? null : `${formatBytes(growthBytesPerSecond)}/s`],
  ];
}

/** How much of the room is used, as a bar; nothing where nobody knows a limit. */
function budget({ slot }: PageFacts): Html | null {
  const retained = slot?.facts.retainedBytes ?? null;
  if (slot === null || slot.room === null || retained === null) return null;
  const limit = retained + slot.room.bytes;
  const share = limit <= 0 ? 1 : Math.min(1, retained / limit);
  const level = share > HIGH ? "high" : share > MIDDLE ? "middle" : "low";
  const name = slot.room.limit === "slot" ? "max_slot_wal_keep_size" : "RELAY_WAL_BUDGET";
  const spoken = `${Math.round(share * 100)} % of ${name} used`;
  return html`<svg class="budget ${level}" role="img" aria-label="${spoken}" viewBox="0 0 100 4" preserveAspectRatio="none"><rect class="all" width="100" height="4"/><rect class="used" width="${(share * 100).toFixed(1)}" height="4"/></svg>
<p class="note">${spoken}: ${formatBytes(retained)} of ${formatBytes(limit)}</p>`;
}

export function surroundingsSection(facts: PageFacts): Html {
  const { kafka, isPostgresReachable, slot } = facts;
  const rows: Row[] = [
    ["This relay", facts.instance],
    ["Slot held by", holder(facts)],
    ["Postgres", isPostgresReachable === null ? "not asked yet" : answers(isPostgresReachable)],
    ["Kafka", answers(kafka.reachable)],
    ["Brokers", `${kafka.brokers} in the cluster, ${kafka.connected} connected`],
  ];
  if (slot !== null) {
    const { failoverGap, oldestTransaction } = slot;
    rows.push(
      ["Failover", failoverGap === null ? "ready" : `not ready: ${failoverGap}`],
      ["Oldest transaction", oldestTransaction === null ? "none" : oldest(oldestTransaction)],
    );
  }
  return html`<section class="panel" aria-labelledby="around"><h2 id="around">Relay, Postgres and Kafka</h2>${list(rows)}</section>`;
}

/** Relays give their connections the name `relay:<instance>`. */
function holder({ slot, isLeader }: PageFacts): string | null {
  if (isLeader) return "this relay";
  if (slot === null) return null;
  if (!slot.facts.active) return "nobody";
  return slot.facts.holder?.replace(/^relay:/, "") ?? "another session";
}

function oldest({ pid, gid, seconds }: AgedTransaction): string {
  const who = pid === null ? `prepared ${gid ?? ""}` : `pid ${pid}`;
  return `${who}, open for ${formatSeconds(seconds)}`;
}

function answers(isReachable: boolean): string {
  return isReachable ? "answers" : "does not answer";
}

/** When the WAL that may be retained is used up, as far as that can be told. */
export function forecast({ slot }: PageFacts): string {
  if (slot === null) return "not known yet";
  if (slot.exhaustionSeconds !== null) return `used up in ${formatSeconds(slot.exhaustionSeconds)}`;
  return slot.room === null ? "no limit is known" : `${formatBytes(slot.room.bytes)} left`;
}

type Row = readonly [name: string, value: string | null];

function list(rows: readonly Row[]): Html {
  const known = rows.filter(([, value]) => value !== null);
  return html`<dl class="rows">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function bytes(amount: number | null): string | null {
  return amount === null ? null : formatBytes(amount);
}
