import { describe, expect, it } from "@jest/globals";
import { Metrics } from "../../../src/ops/metrics.ts";

function newMetrics(): Metrics {
  const log = {
    phantom: () => undefined,
    backfilled: () => undefined,
    backfillEnded: () => undefined,
    warning: () => undefined,
    error: () => undefined,
  };
  return new Metrics(
    () => undefined,
    () => null,
    log,
    { version: "0", slot: "slot" },
  );
}

async function lines(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("metrics of the leadership", () => {
  it("hold every reason from the first scrape on, so that a rate sees the first event", async () => {
    const metrics = newMetrics();
    metrics.leader("acquired");
    metrics.leader("fenced");
    expect(await lines(metrics, "relay_leader_transitions_total")).toEqual([
      'relay_leader_transitions_total{reason="acquired"} 1',
      'relay_leader_transitions_total{reason="released"} 0',
      'relay_leader_transitions_total{reason="lost"} 0',
      'relay_leader_transitions_total{reason="fenced"} 1',
      'relay_leader_transitions_total{reason="sink_stall"} 0',
    ]);
  });

  it("count take-overs in seconds", async () => {
    const metrics = newMetrics();
    metrics.takenOver(700);
    expect(await lines(metrics, "relay_takeover_duration_seconds")).toEqual(
      expect.arrayContaining([
        'relay_takeover_duration_seconds_bucket{le="0.5"} 0',
        'relay_takeover_duration_seconds_bucket{le="1"} 1',
        "relay_takeover_duration_seconds_sum 0.7",
      ]),
    );
  });
});
