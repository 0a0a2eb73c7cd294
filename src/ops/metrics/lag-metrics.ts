import type { RelayView } from "../relay-view.ts";
import type { Meter } from "./meter.ts";

/** When something was last durable, s since 1970. */
export interface LastTimes {
  deliverySeconds: number;
  checkpointSeconds: number;
}

/** How far behind. A relay that stands by has no lag of its own. */
export function addLagMetrics(meter: Meter, view: () => RelayView | null, last: LastTimes): void {
  const leading = { isPerSlot: true, exporter: "leader" } as const;
  meter.section("Lag");
  meter.gauge(
    {
      ...leading,
      name: "relay_lag_seconds",
      help: "Age of the oldest committed event that was read and is not durable at Kafka; 0 when caught up",
    },
    (put) => {
      const lag = view()?.lag(Date.now()) ?? null;
      if (lag !== null) put({}, lag.seconds);
    },
  );
  meter.gauge(
    { ...leading, name: "relay_lag_bytes", help: "WAL written and not published" },
    (put) => {
      const lag = view()?.lag(Date.now()) ?? null;
      if (lag !== null) put({}, lag.bytes);
    },
  );
  const isLeading = (): boolean => (view()?.relay.session ?? null) !== null;
  meter.gauge(
    {
      ...leading,
      name: "relay_last_delivery_timestamp_seconds",
      help: "When events were last durable at Kafka; 0 when this process has delivered none",
    },
    (put) => {
      if (isLeading()) put({}, last.deliverySeconds);
    },
  );
  meter.gauge(
    {
      ...leading,
      name: "relay_last_checkpoint_timestamp_seconds",
      help: "When a checkpoint was last durable at Kafka, which is not more often than there is progress; 0 when this process has stored none",
    },
    (put) => {
      if (isLeading()) put({}, last.checkpointSeconds);
    },
  );
}
