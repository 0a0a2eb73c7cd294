import type { Backlog } from "../../relay/publish/backlog.ts";
import type { RelayView } from "../relay-view.ts";
import type { Meter } from "./meter.ts";

/** How long reading was held back, all in all. */
export class HeldBack {
  #sinceMs: number | null = null;
  #totalMs = 0;

  set(isHeldBack: boolean): void {
    if (isHeldBack) this.#sinceMs ??= performance.now();
    else {
      this.#totalMs = this.totalMs;
      this.#sinceMs = null;
    }
  }

  get isActive(): boolean {
    return this.#sinceMs !== null;
  }

  get totalMs(): number {
    return this.#totalMs + (this.#sinceMs === null ? 0 : performance.now() - this.#sinceMs);
  }
}

interface BacklogFigure {
  readonly name: string;
  readonly help: string;
  readonly of: (backlog: Backlog) => number;
}

const FIGURES: readonly BacklogFigure[] = [
  {
    name: "relay_inflight_batches",
    help: "Batches handed over and not durable",
    of: (backlog) => backlog.inFlight,
  },
  {
    name: "relay_inflight_events",
    help: "Events handed over and not durable",
    of: (backlog) => backlog.inFlightRecords.count,
  },
  {
    name: "relay_inflight_bytes",
    help: "Bytes of those events on the wire, about",
    of: (backlog) => backlog.inFlightRecords.bytes,
  },
  {
    name: "relay_buffer_events",
    help: "Events read and not durable, in flight included",
    of: (backlog) => backlog.recordCount,
  },
  {
    name: "relay_buffer_bytes",
    help: "Memory held by them, about",
    of: (backlog) => backlog.bytes,
  },
];

/** What the relay holds in memory, and what it does about it. */
export function addMemoryMetrics(
  meter: Meter,
  view: () => RelayView | null,
  heldBack: HeldBack,
  bufferBytesMax: number,
): void {
  const exporter = "leader" as const;
  meter.section("Memory and back-pressure");
  const backlog = (): Backlog | null => view()?.relay.session?.backlog ?? null;
  for (const { name, help, of } of FIGURES) {
    meter.gauge({ name, help, exporter }, (put) => {
      const now = backlog();
      if (now !== null) put({}, of(now));
    });
  }
  meter.gauge(
    {
      name: "relay_buffer_limit_bytes",
      help: "RELAY_BUFFER_MAX_BYTES: reading pauses above it, and goes on below half of it",
      exporter,
    },
    (put) => {
      if (backlog() !== null) put({}, bufferBytesMax);
    },
  );
  meter.gauge(
    {
      name: "relay_backpressure_active",
      help: "1 while reading from Postgres is held back because the buffer is full",
      labels: ["cause"],
      exporter,
    },
    (put) => {
      if (backlog() !== null) put({ cause: "memory" }, heldBack.isActive ? 1 : 0);
    },
  );
  meter.tallied(
    {
      name: "relay_backpressure_seconds_total",
      help: "How long reading was held back",
      labels: ["cause"],
      exporter,
    },
    (put) => put({ cause: "memory" }, heldBack.totalMs / 1_000),
  );
}
