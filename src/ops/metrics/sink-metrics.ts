import type { ProduceAttempt, PublishedBatch, SinkObserver } from "../../relay/observer.ts";
import type { RelayView } from "../relay-view.ts";
import { CountedHistogram } from "./counted-histogram.ts";
import type { Meter } from "./meter.ts";
import { TopicLedger } from "./topic-ledger.ts";

const MILLISECONDS = 1_000;
const KIB = 1024;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OUTCOMES: readonly ProduceAttempt["outcome"][] = ["ok", "retriable", "fatal"];
/** Those that are known beforehand; others appear when they come. */
const REASONS: readonly { readonly reason: string; readonly retriable: string }[] = [
  { reason: "UNREACHABLE", retriable: "true" },
  { reason: "NOT_LEADER_OR_FOLLOWER", retriable: "true" },
  { reason: "NOT_ENOUGH_REPLICAS", retriable: "true" },
  { reason: "CONCURRENT_TRANSACTIONS", retriable: "true" },
  { reason: "MESSAGE_TOO_LARGE", retriable: "false" },
  { reason: "TOPIC_AUTHORIZATION_FAILED", retriable: "false" },
  { reason: "INVALID_PRODUCER_EPOCH", retriable: "false" },
];

export interface SinkLimits {
  readonly seriesMax: number;
  /** Upper bounds, s, rising. */
  readonly latencyBuckets: readonly number[];
}

export interface SinkCounters extends SinkObserver {
  published(batch: PublishedBatch): void;
  unpublished(): void;
}

/** What goes to Kafka. */
export function addSinkMetrics(
  meter: Meter,
  view: () => RelayView | null,
  limits: SinkLimits,
): SinkCounters {
  meter.section("Sink");
  const ledger = addTopics(meter, limits);
  const batches = addBatches(meter);
  const attempts = addAttempts(meter);
  const compressed = addCompression(meter);
  meter.gauge(
    {
      name: "relay_kafka_brokers_connected",
      help: "Brokers with an open connection for publishing",
    },
    (put) => {
      const seen = view();
      if (seen !== null) put({}, seen.kafka.connected);
    },
  );
  return {
    ...attempts,
    compressed,
    unpublished: batches.failed,
    stage: batches.stage,
    published: (batch) => {
      ledger.add(batch);
      batches.published(batch);
    },
  };
}

function addTopics(meter: Meter, { seriesMax, latencyBuckets }: SinkLimits): TopicLedger {
  const ledger = new TopicLedger(seriesMax, latencyBuckets);
  const ofTopics = { labels: ["topic"], exporter: "leader" } as const;
  meter.tallied(
    { ...ofTopics, name: "relay_events_published_total", help: "Events durable at Kafka" },
    (put) => {
      for (const [topic, { events }] of ledger.entries()) put({ topic }, events);
    },
  );
  meter.tallied(
    {
      ...ofTopics,
      name: "relay_published_bytes_total",
      help: "Bytes of those events on the wire, uncompressed, about",
    },
    (put) => {
      for (const [topic, { bytes }] of ledger.entries()) put({ topic }, bytes);
    },
  );
  const latency = {
    ...ofTopics,
    name: "relay_event_latency_seconds",
    help: "From the commit in Postgres until the event is durable at Kafka and visible, by the clocks of both machines",
  };
  const series = function* () {
    for (const [topic, totals] of ledger.entries()) yield [{ topic }, totals.latency] as const;
  };
  meter.add("histogram", latency, new CountedHistogram(latency, series));
  return ledger;
}

function addBatches(meter: Meter) {
  const leader = { exporter: "leader" } as const;
  const checkpoints = meter.counter(
    {
      ...leader,
      name: "relay_checkpoints_total",
      help: "Checkpoints that are durable at Kafka (ok), with or without events, and batches whose outcome was unknown or that were refused (failed)",
      labels: ["outcome"],
      isPerSlot: true,
    },
    [{ outcome: "ok" }, { outcome: "failed" }],
  );
  const events = meter.histogram(
    { ...leader, name: "relay_publish_batch_events", help: "Events in a batch that has any" },
    [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000],
    [{}],
  );
  const bytes = meter.histogram(
    { ...leader, name: "relay_publish_batch_bytes", help: "Bytes of such a batch, about" },
    [1, 4, 16, 64, 256, 512, 1024, 2048, 4096, 16384].map((kib) => kib * KIB),
    [{}],
  );
  const stage = meter.histogram(
    {
      ...leader,
      name: "relay_stage_duration_seconds",
      help: "Where the time of a batch goes: from its first event until it is handed over (queue), until the transaction before it has ended (turn), until all brokers have acknowledged (produce), until events and checkpoint are committed (checkpoint)",
      labels: ["stage"],
    },
    SECONDS,
    ["queue", "turn", "produce", "checkpoint"].map((name) => ({ stage: name })),
  );
  return {
    failed: () => checkpoints({ outcome: "failed" }),
    stage: (name: string, durationMs: number) => stage({ stage: name }, durationMs / MILLISECONDS),
    published: (batch: PublishedBatch) => {
      checkpoints({ outcome: "ok" });
      if (batch.events === 0) return;
      events({}, batch.events);
      bytes({}, batch.bytes);
      stage({ stage: "queue" }, batch.queuedMs / MILLISECONDS);
    },
  };
}

function addCompression(meter: Meter): SinkObserver["compressed"] {
  const leader = { exporter: "leader" } as const;
  const plain = meter.counter(
    {
      ...leader,
      name: "relay_compression_plain_bytes_total",
      help: "Bytes of record batches that were to be compressed, before it; smaller batches are sent as they are and not counted",
    },
    [{}],
  );
  const sent = meter.counter(
    {
      ...leader,
      name: "relay_compression_sent_bytes_total",
      help: "Bytes of the same batches as they were sent; a batch that would not get smaller counts as it was",
    },
    [{}],
  );
  return (plainBytes, sentBytes) => {
    plain({}, plainBytes);
    sent({}, sentBytes);
  };
}

function addAttempts(meter: Meter): Pick<SinkObserver, "attempted" | "throttled"> {
  const leader = { exporter: "leader" } as const;
  const zeros = OUTCOMES.map((outcome) => ({ outcome }));
  const attempts = meter.counter(
    {
      ...leader,
      name: "relay_publish_attempts_total",
      help: "Produce requests by how they ended; retriable: the relay sends again by itself",
      labels: ["outcome"],
    },
    zeros,
  );
  const errors = meter.counter(
    {
      ...leader,
      name: "relay_publish_errors_total",
      help: "Produce requests that did not end well, by Kafka's name of the error; UNREACHABLE: no answer",
      labels: ["reason", "retriable"],
    },
    REASONS,
  );
  const duration = meter.histogram(
    {
      ...leader,
      name: "relay_publish_duration_seconds",
      help: "From sending a produce request until its answer",
      labels: ["outcome"],
    },
    SECONDS,
    zeros,
  );
  const throttled = meter.counter(
    {
      ...leader,
      name: "relay_kafka_throttle_seconds_total",
      help: "Time waited because a broker's quota asked for it",
    },
    [{}],
  );
  return {
    attempted: ({ outcome, reason, durationMs }) => {
      attempts({ outcome });
      duration({ outcome }, durationMs / MILLISECONDS);
      if (reason !== null) errors({ reason, retriable: String(outcome === "retriable") });
    },
    throttled: (durationMs) => throttled({}, durationMs / MILLISECONDS),
  };
}
