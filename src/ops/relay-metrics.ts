import type { RelayStateName } from "../relay/state.ts";
import type { Gauges } from "./gauges.ts";

const STATES: readonly RelayStateName[] = [
  "starting",
  "standby",
  "streaming",
  "stalled",
  "draining",
  "failed",
];

/** Of the relay itself. A standby has no lag of its own. */
export function addRelayGauges(gauges: Gauges, slot: string): void {
  gauges.add("relay_state", "1 for the state the relay is in", ["slot", "state"], (gauge, view) => {
    for (const state of STATES) gauge.set({ slot, state }, view.relay.state.name === state ? 1 : 0);
  });
  gauges.add("relay_leader", "1 while this relay holds the slot", ["slot"], (gauge, view) => {
    gauge.set({ slot }, view.relay.session === null ? 0 : 1);
  });
  gauges.add(
    "relay_lag_seconds",
    "Age of the oldest committed event that is not durable at Kafka; 0 when caught up",
    ["slot"],
    (gauge, view) => {
      const lag = view.lag(Date.now());
      if (lag !== null) gauge.set({ slot }, lag.seconds);
    },
  );
  gauges.add("relay_lag_bytes", "WAL written and not published", ["slot"], (gauge, view) => {
    const lag = view.lag(Date.now());
    if (lag !== null) gauge.set({ slot }, lag.bytes);
  });
  gauges.add("relay_buffer_bytes", "Memory held by rows on their way", [], (gauge, view) => {
    if (view.relay.session !== null) gauge.set(view.relay.session.backlog.bytes);
  });
  gauges.add("relay_inflight_batches", "Batches handed over and not durable", [], (gauge, view) => {
    if (view.relay.session !== null) gauge.set(view.relay.session.backlog.inFlight);
  });
}
