import type { Board, Row } from "./board.ts";
import { ofSlot, quantile, rate, select } from "./board.ts";
import { heatmap, lines, spec, stat, textStat, timeline } from "./panels.ts";
import { runtime } from "./runtime.ts";
import { STATE_MAPPINGS, stateNumbers } from "./states.ts";
import { LAG_STEPS, LEFT_STEPS, ONE_STEPS, SHARE_STEPS } from "./steps.ts";

const attempts = rate(select("relay_publish_attempts_total"));
const failures = rate(select("relay_publish_attempts_total", 'outcome!="ok"'));
const latencies = select("relay_event_latency_seconds_bucket");
const requests = select("relay_publish_duration_seconds_bucket");

const glance: Row = {
  title: "At a glance",
  panels: [
    stat(
      spec(
        ["Leaders", "none", 3],
        "Relays that hold the slot: one for each slot.",
        { leaders: `sum(${ofSlot("relay_leader")})` },
        { steps: ONE_STEPS },
      ),
    ),
    textStat(
      spec(["Active relay", "none", 5], "The relay that holds the slot.", {
        "{{instance}}": `${ofSlot("relay_leader")} == 1`,
      }),
    ),
    stat(
      spec(
        ["Lag", "s", 4],
        "Age of the oldest event that waits; 0 when caught up.",
        { lag: `max(${ofSlot("relay_lag_seconds")})` },
        { steps: LAG_STEPS, noValue: "no leader" },
      ),
    ),
    stat(
      spec(
        ["Time left for WAL", "s", 4],
        "Until the slot is lost, or RELAY_WAL_BUDGET used up, if WAL grows on as now.",
        { left: `min(${ofSlot("relay_slot_exhaustion_seconds")})` },
        { steps: LEFT_STEPS, noValue: "no end in sight" },
      ),
    ),
    stat(
      spec(
        ["Requests that fail", "percentunit", 4],
        "Share of the produce requests that Kafka answered with an error, or not at all. They are sent again.",
        { share: `sum(${failures}) / sum(${attempts})` },
        { steps: SHARE_STEPS, noValue: "none sent" },
      ),
    ),
    textStat(
      spec(["Version", "none", 4], "Versions that run.", {
        "{{version}}": `count by (version) (${select("relay_build_info")})`,
      }),
    ),
    timeline(
      spec(
        ["States", "none", 12],
        "What each relay does. One should stream, the others stand by.",
        { "{{instance}}": stateNumbers(ofSlot) },
      ),
      STATE_MAPPINGS,
    ),
    timeline(
      spec(
        ["Blocked by a row", "none", 12],
        "Codes with which a row holds the stream up; docs/runbooks has a page for each. Alert RelayBlocked.",
        { "{{reason}}": `max by (reason) (${ofSlot("relay_blocked")})` },
      ),
      {
        "0": { text: "no", color: "green", index: 0 },
        "1": { text: "blocked", color: "red", index: 1 },
      },
    ),
  ],
};

const throughput: Row = {
  title: "Throughput",
  panels: [
    lines(
      spec(
        ["Events in and out", "cps", 8],
        "Rows read from Postgres, and events durable at Kafka. Where they part for long, the lag grows.",
        {
          read: `sum(${rate(ofSlot("relay_events_received_total"))})`,
          published: `sum(${rate(select("relay_events_published_total"))})`,
          "covered by a checkpoint": `sum(${rate(ofSlot("relay_events_skipped_total"))})`,
        },
      ),
    ),
    lines(
      spec(["Events by topic, ten busiest", "cps", 8], "Events that became durable at Kafka.", {
        "{{topic}}": `topk(10, sum by (topic) (${rate(select("relay_events_published_total"))}))`,
      }),
      { isStacked: true },
    ),
    lines(
      spec(
        ["Bytes in and out", "Bps", 8],
        "What comes over the stream from Postgres, and what goes to Kafka uncompressed.",
        {
          "from Postgres": `sum(${rate(ofSlot("relay_wal_received_bytes_total"))})`,
          "to Kafka": `sum(${rate(select("relay_published_bytes_total"))})`,
        },
      ),
    ),
  ],
};

const latency: Row = {
  title: "Latency",
  panels: [
    heatmap(
      spec(
        ["From commit to Kafka", "s", 8],
        "How old events are when consumers can see them. The clocks of Postgres and relay both count.",
        { "{{le}}": `sum by (le) (increase(${latencies}[$__rate_interval]))` },
      ),
    ),
    lines(
      spec(["From commit to Kafka, quantiles", "s", 8], "The same, as quantiles over all topics.", {
        p50: quantile(0.5, latencies),
        p95: quantile(0.95, latencies),
        p99: quantile(0.99, latencies),
      }),
      { isLogarithmic: true },
    ),
    lines(
      spec(
        ["Where the time of a batch goes", "s", 8],
        "Mean by stage: waiting for more rows (queue), for the batch before (turn), for the brokers (produce), for the end of the transaction (checkpoint).",
        {
          "{{stage}}": `sum by (stage) (${rate(select("relay_stage_duration_seconds_sum"))}) / sum by (stage) (${rate(select("relay_stage_duration_seconds_count"))})`,
        },
      ),
      { isStacked: true },
    ),
  ],
};

const kafka: Row = {
  title: "Kafka",
  panels: [
    lines(
      spec(["Request duration", "s", 6], "From sending a produce request until its answer.", {
        p50: quantile(0.5, requests),
        p99: quantile(0.99, requests),
      }),
    ),
    lines(
      spec(
        ["Batches", "none", 6],
        "Mean number of events in a batch. Few at little load, up to RELAY_BATCH_MAX_EVENTS when behind.",
        {
          "events per batch": `sum(${rate(select("relay_publish_batch_events_sum"))}) / sum(${rate(select("relay_publish_batch_events_count"))})`,
        },
      ),
    ),
    lines(
      spec(
        ["Requests by outcome", "reqps", 6],
        "Retriable ones are sent again by the relay; fatal ones end in state failed.",
        { "{{outcome}}": `sum by (outcome) (${attempts})` },
      ),
    ),
    lines(
      spec(
        ["Errors and throttling", "none", 6],
        "Errors by Kafka's name of them, per second; and the share of time that brokers' quotas made the relay wait.",
        {
          "{{reason}}": `sum by (reason) (${rate(select("relay_publish_errors_total"))})`,
          throttled: `sum(${rate(select("relay_kafka_throttle_seconds_total"))})`,
        },
      ),
    ),
  ],
};

/** One relay group in detail, down to its process. */
export const relay: Board = {
  name: "relay",
  title: "outbox-relay / Relay",
  description:
    "The relays of one slot in detail: throughput, latency, Kafka, memory, leadership, process.",
  hasSlot: true,
  rows: [glance, throughput, latency, kafka, ...runtime],
};
