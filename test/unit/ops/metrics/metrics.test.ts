import { beforeEach, describe, expect, it } from "@jest/globals";
import { metricDefinitions } from "../../../../src/ops/metrics/definitions.ts";
import { Metrics } from "../../../../src/ops/metrics/metrics.ts";
import { RUNTIME } from "../../../../src/ops/metrics/runtime-metrics.ts";
import type { PublishedBatch } from "../../../../src/relay/observer.ts";

const silent = (): void => undefined;
const LOG = {
  phantom: silent,
  moved: silent,
  backfilled: silent,
  backfillEnded: silent,
  note: silent,
  warning: silent,
  error: silent,
};

let metrics: Metrics;

beforeEach(() => {
  metrics = new Metrics(silent, () => null, LOG, {
    identity: { version: "0", slot: "s", publication: "p", delivery: "exactly-once" },
    limits: { seriesMax: 2, latencyBuckets: [0.1, 1] },
    bufferBytesMax: 1,
    withRuntime: false,
  });
});

async function lines(name: string): Promise<string[]> {
  const text = await metrics.meter.render("text");
  return text.split("\n").filter((line) => line.startsWith(name));
}

/** A batch of events that became durable at 10 s: each is a topic and when it committed, s. */
function batch(...events: (readonly [topic: string, seconds: number])[]): PublishedBatch {
  const parts = events.map(([topic, seconds]) => {
    return { topic, timestampMs: seconds * 1_000, events: 1, bytes: 100 };
  });
  const bytes = 100 * parts.length;
  return { parts, events: parts.length, bytes, queuedMs: 5, durationMs: 20, durableAtMs: 10_000 };
}

describe("metrics of the leadership", () => {
  it("hold every reason from the first scrape on, so that a rate sees the first event", async () => {
    metrics.leader("acquired");
    metrics.leader("fenced");
    expect(await lines("relay_leader_transitions_total")).toEqual([
      'relay_leader_transitions_total{slot="s",reason="acquired"} 1',
      'relay_leader_transitions_total{slot="s",reason="released"} 0',
      'relay_leader_transitions_total{slot="s",reason="lost"} 0',
      'relay_leader_transitions_total{slot="s",reason="fenced"} 1',
      'relay_leader_transitions_total{slot="s",reason="sink_stall"} 0',
    ]);
  });

  it("count a stream that is opened again by what ended it, and not the first one", async () => {
    metrics.leader("acquired");
    metrics.leader("lost");
    metrics.leader("acquired");
    const reconnects = await lines("relay_source_reconnects_total");
    expect(reconnects).toHaveLength(4);
    expect(reconnects.filter((line) => !line.endsWith(" 0"))).toEqual([
      'relay_source_reconnects_total{slot="s",reason="lost"} 1',
    ]);
  });

  it("count take-overs in seconds", async () => {
    metrics.takenOver(700);
    expect(await lines("relay_takeover_duration_seconds")).toEqual(
      expect.arrayContaining([
        'relay_takeover_duration_seconds_bucket{slot="s",le="0.5"} 0',
        'relay_takeover_duration_seconds_bucket{slot="s",le="1"} 1',
        'relay_takeover_duration_seconds_sum{slot="s"} 0.7',
      ]),
    );
  });
});

describe("metrics of a leader", () => {
  const leaderTotals = metricDefinitions().filter(
    ({ exporter, type }) => exporter === "leader" && type !== "gauge",
  );

  it("are left out by a relay that has only stood by", async () => {
    expect(leaderTotals.length).toBeGreaterThan(15);
    for (const { name } of leaderTotals) expect(await lines(name)).toEqual([]);
  });

  it("stay once it has held the slot, so that the last errors of a hold can be seen", async () => {
    metrics.leader("acquired");
    metrics.attempted({ outcome: "retriable", reason: "UNREACHABLE", durationMs: 3 });
    metrics.leader("sink_stall");
    expect(await lines("relay_publish_attempts_total")).toEqual([
      'relay_publish_attempts_total{outcome="ok"} 0',
      'relay_publish_attempts_total{outcome="retriable"} 1',
      'relay_publish_attempts_total{outcome="fatal"} 0',
    ]);
    expect(await lines("relay_publish_errors_total")).toContain(
      'relay_publish_errors_total{reason="UNREACHABLE",retriable="true"} 1',
    );
  });

  it("count each event's latency by topic, also where transactions and topics alternate", async () => {
    metrics.leader("acquired");
    metrics.published(batch(["a", 9.95], ["a", 9.95], ["b", 9.95], ["a", 9.5], ["a", 2]));
    expect(await lines("relay_event_latency_seconds")).toEqual([
      'relay_event_latency_seconds_bucket{topic="a",le="0.1"} 2',
      'relay_event_latency_seconds_bucket{topic="a",le="1"} 3',
      'relay_event_latency_seconds_bucket{topic="a",le="+Inf"} 4',
      expect.stringMatching(/^relay_event_latency_seconds_sum\{topic="a"\} 8\.6/),
      'relay_event_latency_seconds_count{topic="a"} 4',
      'relay_event_latency_seconds_bucket{topic="b",le="0.1"} 1',
      'relay_event_latency_seconds_bucket{topic="b",le="1"} 1',
      'relay_event_latency_seconds_bucket{topic="b",le="+Inf"} 1',
      expect.stringMatching(/^relay_event_latency_seconds_sum\{topic="b"\} 0\.05/),
      'relay_event_latency_seconds_count{topic="b"} 1',
    ]);
    expect(await lines("relay_published_bytes_total")).toEqual([
      'relay_published_bytes_total{topic="a"} 400',
      'relay_published_bytes_total{topic="b"} 100',
    ]);
  });

  it("never show a latency below zero where the clocks of two machines differ", async () => {
    metrics.leader("acquired");
    metrics.published(batch(["a", 12]));
    expect(await lines("relay_event_latency_seconds_sum")).toEqual([
      'relay_event_latency_seconds_sum{topic="a"} 0',
    ]);
  });

  it("count topics beyond the limit, and one of that name, as other", async () => {
    metrics.leader("acquired");
    metrics.published(batch(["a", 9], ["other", 9], ["b", 9], ["c", 9], ["d", 9], ["a", 9]));
    expect(await lines("relay_events_published_total")).toEqual([
      'relay_events_published_total{topic="a"} 2',
      'relay_events_published_total{topic="b"} 1',
      'relay_events_published_total{topic="other"} 3',
    ]);
  });

  it("tell a checkpoint without events from a batch", async () => {
    metrics.leader("acquired");
    metrics.published(batch());
    metrics.published(batch(["a", 9]));
    metrics.unpublished();
    expect(await lines("relay_checkpoints_total")).toEqual([
      'relay_checkpoints_total{slot="s",outcome="ok"} 2',
      'relay_checkpoints_total{slot="s",outcome="failed"} 1',
    ]);
    expect(await lines("relay_publish_batch_events_count")).toEqual([
      "relay_publish_batch_events_count 1",
    ]);
    expect(await lines('relay_stage_duration_seconds_sum{stage="queue"}')).toEqual([
      'relay_stage_duration_seconds_sum{stage="queue"} 0.005',
    ]);
  });

  it("count what came over the stream without a call for each message", async () => {
    metrics.leader("acquired");
    metrics.tally.message(new Uint8Array([0x42, 0, 0]));
    metrics.tally.message(new Uint8Array([0x49, 0]));
    metrics.tally.keepalives += 1;
    metrics.tally.rows("public.outbox").wal += 7;
    expect(await lines("relay_wal_received_bytes_total")).toEqual([
      'relay_wal_received_bytes_total{slot="s"} 5',
    ]);
    const messages = await lines("relay_wal_messages_total");
    expect(messages.filter((line) => !line.endsWith(" 0"))).toEqual([
      'relay_wal_messages_total{slot="s",type="begin"} 1',
      'relay_wal_messages_total{slot="s",type="insert"} 1',
      'relay_wal_messages_total{slot="s",type="keepalive"} 1',
    ]);
    expect(await lines("relay_events_received_total")).toEqual([
      'relay_events_received_total{slot="s",table="public.outbox",origin="wal"} 7',
      'relay_events_received_total{slot="s",table="public.outbox",origin="backfill"} 0',
    ]);
  });
});

describe("the list of metrics", () => {
  const definitions = metricDefinitions();
  const ours = definitions.filter(({ section }) => section !== RUNTIME);

  it("names each metric once", () => {
    const names = definitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("keeps to Prometheus's rules for names", () => {
    expect(ours.length).toBeGreaterThan(50);
    for (const { name, type } of ours) {
      expect(name).toMatch(/^relay_[a-z0-9_]+$/);
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
      expect(name).not.toMatch(/_(?:ms|milliseconds|mb|kb|count|bucket|sum)$/);
    }
  });

  it("says of each what it means, in a sentence that a table can hold", () => {
    for (const { help } of ours) expect(help).toMatch(/^[A-Z0-9][^\n]{15,}$/);
  });
});
