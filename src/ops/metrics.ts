import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { BackfillProgress } from "../relay/backfill/backfilled-stream.ts";
import type { PublishedEvent } from "../relay/backfill/published-events.ts";
import type { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import type { LeaderTransition } from "../relay/leadership.ts";
import type { AnnounceMoment, Observer } from "../relay/observer.ts";
import { addBackfillGauges } from "./backfill-metrics.ts";
import { Gauges } from "./gauges.ts";
import { addRelayGauges } from "./relay-metrics.ts";
import type { RelayView } from "./relay-view.ts";
import { addSlotGauges } from "./slot-metrics.ts";

const TRANSITIONS: readonly LeaderTransition[] = [
  "acquired",
  "released",
  "lost",
  "fenced",
  "sink_stall",
];
/** A topic label beyond this many becomes `other`. */
const TOPICS_MAX = 200;

export interface ObserverLog {
  phantom(event: PublishedEvent): void;
  backfilled(progress: BackfillProgress): void;
  backfillEnded(): void;
  warning(finding: Finding): void;
  error(where: string, error: RelayError): void;
}

/** Turns what the core tells into metrics; everything is per batch, nothing per event. */
export class Metrics implements Observer {
  readonly registry = new Registry();
  readonly moment: AnnounceMoment;
  readonly #view: () => RelayView | null;
  readonly #log: ObserverLog;
  readonly #topics = new Set<string>();
  readonly #events = this.#counter("relay_events_published_total", "Events durable at Kafka", [
    "topic",
  ]);
  readonly #bytes = this.#counter("relay_published_bytes_total", "Bytes of those events", []);
  readonly #checkpoints = this.#counter(
    "relay_checkpoints_total",
    "Checkpoints durable at Kafka, with or without events",
    [],
  );
  readonly #transactions = this.#counter(
    "relay_transactions_total",
    "Transactions of Postgres with outbox rows",
    [],
  );
  readonly #skipped = this.#counter(
    "relay_events_skipped_total",
    "Rows that came again and were covered by a checkpoint",
    ["reason"],
  );
  readonly #errors = this.#counter("relay_errors_total", "Errors dealt with, by code and remedy", [
    "where",
    "code",
    "remedy",
  ]);
  readonly #phantoms = this.#counter(
    "relay_phantom_events_total",
    "Events at Kafka that a promoted server does not have",
    [],
  );
  #backfill: BackfillProgress | null = null;
  readonly #transitions = this.#counter(
    "relay_leader_transitions_total",
    "Times this relay took the slot (acquired), and held it no longer, by reason",
    ["reason"],
  );
  readonly #batchEvents: Histogram;
  readonly #batchSeconds: Histogram;
  readonly #takeoverSeconds: Histogram;

  constructor(
    moment: AnnounceMoment,
    view: () => RelayView | null,
    log: ObserverLog,
    build: { readonly version: string; readonly slot: string },
  ) {
    this.moment = moment;
    this.#view = view;
    this.#log = log;
    this.#batchEvents = new Histogram({
      name: "relay_publish_batch_events",
      help: "Events in a batch",
      buckets: [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000],
      registers: [this.registry],
    });
    this.#batchSeconds = new Histogram({
      name: "relay_publish_duration_seconds",
      help: "From handing a batch over until it is durable",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.registry],
    });
    this.#takeoverSeconds = new Histogram({
      name: "relay_takeover_duration_seconds",
      help: "From seeing the slot free until reading on from the checkpoint, predecessors fenced",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers: [this.registry],
    });
    // A series that begins with the first event hides that event from a rate.
    for (const reason of TRANSITIONS) this.#transitions.inc({ reason }, 0);
    collectDefaultMetrics({ register: this.registry });
    this.#buildInfo(build.version);
    const gauges = new Gauges(this.registry, view);
    addRelayGauges(gauges, build.slot);
    addSlotGauges(gauges, build.slot);
    addBackfillGauges(gauges, build.slot, () => this.#backfill);
  }

  transaction(): void {
    this.#transactions.inc();
  }

  published(eventsByTopic: ReadonlyMap<string, number>, bytes: number, durationMs: number): void {
    let events = 0;
    for (const [topic, count] of eventsByTopic) {
      this.#events.inc({ topic: this.#topicLabel(topic) }, count);
      events += count;
    }
    const view = this.#view();
    if (view !== null) view.publishedEvents += events;
    this.#bytes.inc(bytes);
    this.#checkpoints.inc();
    this.#batchEvents.observe(events);
    this.#batchSeconds.observe(durationMs / 1000);
  }

  skipped(rows: number): void {
    this.#skipped.inc({ reason: "duplicate" }, rows);
  }

  phantom(event: PublishedEvent): void {
    this.#phantoms.inc();
    this.#log.phantom(event);
  }

  backfilled(progress: BackfillProgress): void {
    this.#backfill = progress;
    this.#log.backfilled(progress);
  }

  backfillEnded(): void {
    this.#log.backfillEnded();
  }

  leader(reason: LeaderTransition): void {
    this.#transitions.inc({ reason });
  }

  takenOver(durationMs: number): void {
    this.#takeoverSeconds.observe(durationMs / 1000);
  }

  warning(finding: Finding): void {
    this.#log.warning(finding);
  }

  error(where: "source" | "sink" | "relay", error: RelayError): void {
    this.#errors.inc({ where, code: error.code, remedy: error.remedy });
    this.#log.error(where, error);
  }

  #topicLabel(topic: string): string {
    if (!this.#topics.has(topic) && this.#topics.size >= TOPICS_MAX) return "other";
    this.#topics.add(topic);
    return topic;
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #buildInfo(version: string): void {
    const info = new Gauge({
      name: "relay_build_info",
      help: "Version of the running relay",
      labelNames: ["version", "node_version"],
      registers: [this.registry],
    });
    info.set({ version, node_version: process.version }, 1);
  }
}
