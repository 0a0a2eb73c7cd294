import type { Board, Row } from "./board.ts";
import { quantile, rate, select } from "./board.ts";
import { lines, spec, stat, table, timeline } from "./panels.ts";
import { STATE_MAPPINGS, stateNumbers } from "./states.ts";
import { LAG_STEPS, LEFT_STEPS, NONE_STEPS, ONE_STEPS } from "./steps.ts";

const leader = `max by (slot) (${select("relay_leader")})`;
const lag = `max by (slot) (${select("relay_lag_seconds")})`;
const retained = `max by (slot) (${select("relay_slot_retained_wal_bytes")})`;
const left = `min by (slot) (${select("relay_slot_exhaustion_seconds")})`;
const published = rate(select("relay_events_published_total"));
const latencies = select("relay_event_latency_seconds_bucket");

const glance: Row = {
  title: "At a glance",
  panels: [
    stat(
      spec(
        ["Slots without a leader", "none", 4],
        "Slots that no relay holds: their events wait. Alert RelayNotActive.",
        { slots: `count(${leader}) - sum(${leader})` },
        { steps: NONE_STEPS },
      ),
    ),
    stat(
      spec(
        ["Relays failed or stalled", "none", 4],
        "Failed waits for a person, stalled for Kafka. outbox-relay status names the next command.",
        { relays: `sum(${select("relay_state", 'state=~"failed|stalled"')})` },
        { steps: NONE_STEPS },
      ),
    ),
    stat(
      spec(["Events per second", "cps", 4], "Events that became durable at Kafka, all topics.", {
        events: `sum(${published})`,
      }),
    ),
    stat(
      spec(
        ["Furthest behind", "s", 4],
        "Age of the oldest event that waits, of the slot that is furthest behind.",
        { lag: `max(${lag})` },
        { steps: LAG_STEPS, noValue: "no leader" },
      ),
    ),
    stat(
      spec(
        ["Most WAL retained", "bytes", 4],
        "Disk of the database server that is held by the slot which holds most.",
        { WAL: `max(${retained})` },
      ),
    ),
    stat(
      spec(
        ["Least time left", "s", 4],
        "Until a slot is lost, or RELAY_WAL_BUDGET used up, if WAL grows on as now. Alert RelaySlotWalExhaustion.",
        { left: `min(${left})` },
        { steps: LEFT_STEPS, noValue: "no end in sight" },
      ),
    ),
  ],
};

const slots: Row = {
  title: "Slots",
  panels: [
    table(
      spec(
        ["Slots", "none", 24],
        "One line for each slot. An empty cell is not known, or not in sight.",
        {
          leaders: `sum by (slot) (${select("relay_leader")})`,
          standbys: `sum by (slot) (${select("relay_state", 'state="standby"')})`,
          lag,
          "lag bytes": `max by (slot) (${select("relay_lag_bytes")})`,
          retained,
          left,
          oldest: `max by (slot) (${select("relay_slot_oldest_transaction_seconds")})`,
        },
      ),
      "slot",
      [
        { title: "Leaders", unit: "none", steps: ONE_STEPS },
        { title: "Standbys", unit: "none" },
        { title: "Lag", unit: "s", steps: LAG_STEPS },
        { title: "Lag in WAL", unit: "bytes" },
        { title: "WAL retained", unit: "bytes" },
        { title: "Time left", unit: "s", steps: LEFT_STEPS },
        { title: "Oldest transaction", unit: "s" },
      ],
    ),
    timeline(
      spec(
        ["States", "none", 24],
        "What each relay does. One per slot should stream, the others stand by.",
        { "{{slot}} {{instance}}": stateNumbers(select) },
      ),
      STATE_MAPPINGS,
    ),
  ],
};

const flow: Row = {
  title: "Do events flow?",
  panels: [
    lines(
      spec(
        ["Events per second, ten busiest topics", "cps", 12],
        "Events that became durable at Kafka.",
        { "{{topic}}": `topk(10, sum by (topic) (${published}))` },
      ),
      { isStacked: true },
    ),
    lines(
      spec(
        ["From commit to Kafka", "s", 12],
        "How old events are when consumers can see them, over all topics. The clocks of Postgres and relay both count.",
        {
          p50: quantile(0.5, latencies),
          p95: quantile(0.95, latencies),
          p99: quantile(0.99, latencies),
        },
      ),
    ),
  ],
};

const behind: Row = {
  title: "How far behind, and what holds WAL",
  panels: [
    lines(
      spec(
        ["Lag", "s", 8],
        "Age of the oldest event that waits. 0 when caught up, nothing without a leader.",
        { "{{slot}}": lag },
      ),
    ),
    lines(
      spec(["WAL retained", "bytes", 8], "Disk of the database server that each slot holds.", {
        "{{slot}}": retained,
      }),
    ),
    lines(
      spec(
        ["Confirmed WAL that is held all the same", "bytes", 8],
        "What a slot retains although the relay has confirmed it: an open transaction on the database holds it, not the relay.",
        {
          "{{slot}}": `max by (slot) (${select("relay_slot_retained_wal_bytes")} - ${select("relay_slot_unconfirmed_wal_bytes")})`,
        },
      ),
    ),
  ],
};

const trouble: Row = {
  title: "Trouble",
  panels: [
    lines(
      spec(
        ["Errors by code", "cps", 12],
        "Errors that relays dealt with; docs/runbooks has a page for each code.",
        { "{{code}}": `sum by (code) (${rate(select("relay_errors_total"))})` },
        { noValue: "none" },
      ),
    ),
    lines(
      spec(
        ["Leadership taken or lost", "cps", 12],
        "How often a slot was taken, and why relays let go of it. Alert RelayFlapping.",
        {
          "{{slot}} {{reason}}": `sum by (slot, reason) (${rate(select("relay_leader_transitions_total"))})`,
        },
      ),
    ),
  ],
};

/** All relays at once: do events flow, how far behind are they, what holds WAL and for how long. */
export const overview: Board = {
  name: "overview",
  title: "outbox-relay / Overview",
  description:
    "All slots at once: do events flow, how far behind are they, what holds WAL and for how long can that go on.",
  hasSlot: false,
  rows: [glance, slots, flow, behind, trouble],
};
