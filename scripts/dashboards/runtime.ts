import type { Row } from "./board.ts";
import { ofSlot, quantile, rate, select } from "./board.ts";
import { lines, spec } from "./panels.ts";

const memory: Row = {
  title: "Back-pressure and memory",
  panels: [
    lines(
      spec(
        ["Buffer", "bytes", 8],
        "Rows on their way, against the limit above which reading pauses. What is in flight is part of it.",
        {
          "buffer {{instance}}": select("relay_buffer_bytes"),
          "in flight {{instance}}": select("relay_inflight_bytes"),
          "limit {{instance}}": select("relay_buffer_limit_bytes"),
        },
      ),
    ),
    lines(
      spec(
        ["Reading held back", "percentunit", 8],
        "Share of the time in which reading from Postgres was held back. Alert RelayBackpressure.",
        { "{{cause}}": `sum by (cause) (${rate(select("relay_backpressure_seconds_total"))})` },
      ),
    ),
    lines(
      spec(
        ["Memory of the process", "bytes", 8],
        "Resident memory, and the part that is JavaScript's.",
        {
          "resident {{instance}}": select("process_resident_memory_bytes"),
          "heap {{instance}}": select("nodejs_heap_size_used_bytes"),
        },
      ),
    ),
  ],
};

const leadership: Row = {
  title: "Leadership and errors",
  panels: [
    lines(
      spec(
        ["Taken and lost", "cps", 8],
        "How often the slot was taken, and why it was let go. Alert RelayFlapping.",
        {
          "{{instance}} {{reason}}": `sum by (instance, reason) (${rate(ofSlot("relay_leader_transitions_total"))})`,
        },
      ),
    ),
    lines(
      spec(
        ["Take-over", "s", 8],
        "From seeing the slot free until reading on, predecessors fenced; over the time range of a rate.",
        {
          p50: quantile(0.5, ofSlot("relay_takeover_duration_seconds_bucket")),
          p99: quantile(0.99, ofSlot("relay_takeover_duration_seconds_bucket")),
        },
        { noValue: "none" },
      ),
    ),
    lines(
      spec(
        ["Errors by code", "cps", 8],
        "Errors that relays dealt with; docs/runbooks has a page for each code.",
        { "{{code}} {{remedy}}": `sum by (code, remedy) (${rate(select("relay_errors_total"))})` },
        { noValue: "none" },
      ),
    ),
  ],
};

const node: Row = {
  title: "Process",
  panels: [
    lines(
      spec(["CPU", "percentunit", 6], "Share of one core.", {
        "{{instance}}": rate(select("process_cpu_seconds_total")),
      }),
    ),
    lines(
      spec(
        ["Event loop lag", "s", 6],
        "99th percentile of how late the loop turns. Above 0.1 s the process wants CPU.",
        { "{{instance}}": select("nodejs_eventloop_lag_p99_seconds") },
      ),
    ),
    lines(
      spec(["Garbage collection", "percentunit", 6], "Share of the time that goes to it.", {
        "{{instance}}": `sum by (instance) (${rate(select("nodejs_gc_duration_seconds_sum"))})`,
      }),
    ),
    lines(
      spec(
        ["Connections", "none", 6],
        "Brokers with an open connection, and whether Postgres and Kafka answered last.",
        {
          "brokers {{instance}}": select("relay_kafka_brokers_connected"),
          "{{dependency}} up {{instance}}": select("relay_dependency_up"),
        },
      ),
    ),
  ],
};

/** Rows about the processes. */
export const runtime: readonly Row[] = [memory, leadership, node];
