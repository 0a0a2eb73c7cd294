import type { BackfillProgress } from "../../relay/backfill/backfilled-stream.ts";
import type { PublishedEvent } from "../../relay/backfill/published-events.ts";
import { StreamTally } from "../../relay/capture/stream-tally.ts";
import type { RelayError } from "../../relay/errors.ts";
import type { Finding } from "../../relay/finding.ts";
import type { LeaderTransition } from "../../relay/leadership.ts";
import type {
  AnnounceMoment,
  MovedRows,
  Observer,
  ProduceAttempt,
  PublishedBatch,
  SinkObserver,
  SinkStage,
} from "../../relay/observer.ts";
import type { RelayView } from "../relay-view.ts";
import { addBackfillMetrics } from "./backfill-metrics.ts";
import type { LastTimes } from "./lag-metrics.ts";
import { addLagMetrics } from "./lag-metrics.ts";
import { addMemoryMetrics, HeldBack } from "./memory-metrics.ts";
import { Meter } from "./meter.ts";
import type { Identity, RoleCounters } from "./role-metrics.ts";
import { addRoleMetrics } from "./role-metrics.ts";
import { addRuntimeMetrics } from "./runtime-metrics.ts";
import type { SinkCounters, SinkLimits } from "./sink-metrics.ts";
import { addSinkMetrics } from "./sink-metrics.ts";
import { addSlotMetrics } from "./slot-metrics.ts";
import type { SourceCounters } from "./source-metrics.ts";
import { addSourceMetrics } from "./source-metrics.ts";

export interface ObserverLog {
  phantom(event: PublishedEvent): void;
  moved(rows: MovedRows): void;
  backfilled(progress: BackfillProgress): void;
  backfillEnded(): void;
  note(message: string): void;
  warning(finding: Finding): void;
  error(where: string, error: RelayError): void;
}

export interface MetricsOptions {
  readonly identity: Identity;
  readonly limits: SinkLimits;
  readonly bufferBytesMax: number;
  /** False: nobody will ask for the metrics of the process, so that they are not gathered. */
  readonly withRuntime: boolean;
}

/** Turns what the core and the sink tell into metrics and log lines; nothing is called per event. */
export class Metrics implements Observer, SinkObserver {
  readonly moment: AnnounceMoment;
  readonly tally = new StreamTally();
  readonly meter: Meter;
  readonly #view: () => RelayView | null;
  readonly #log: ObserverLog;
  readonly #role: RoleCounters;
  readonly #source: SourceCounters;
  readonly #sink: SinkCounters;
  readonly #heldBack = new HeldBack();
  readonly #last: LastTimes = { deliverySeconds: 0, checkpointSeconds: 0 };
  readonly #countError: (labels: { where: string; code: string; remedy: string }) => void;
  readonly #countPhantom: (labels: object) => void;
  #backfill: BackfillProgress | null = null;
  /** Why the slot was let go the last time; null before that. */
  #departed: LeaderTransition | null = null;

  constructor(
    moment: AnnounceMoment,
    view: () => RelayView | null,
    log: ObserverLog,
    options: MetricsOptions,
  ) {
    const { identity, limits, bufferBytesMax, withRuntime } = options;
    const meter = new Meter(identity.slot);
    this.moment = moment;
    this.meter = meter;
    this.#view = view;
    this.#log = log;
    this.#role = addRoleMetrics(meter, view, identity);
    this.#source = addSourceMetrics(meter, view, this.tally, limits.seriesMax);
    addLagMetrics(meter, view, this.#last);
    addSlotMetrics(meter, view);
    this.#sink = addSinkMetrics(meter, view, limits);
    addMemoryMetrics(meter, view, this.#heldBack, bufferBytesMax);
    meter.section("Errors");
    this.#countError = meter.counter({
      name: "relay_errors_total",
      help: "Errors dealt with, by where they came up, code (docs/runbooks) and remedy",
      labels: ["where", "code", "remedy"],
    });
    this.#countPhantom = meter.counter(
      {
        name: "relay_phantom_events_total",
        help: "Events at Kafka that a promoted server does not have",
      },
      [{}],
    );
    addBackfillMetrics(meter, () => this.#backfill);
    if (withRuntime) addRuntimeMetrics(meter);
  }

  transaction(rows: number): void {
    this.#source.transaction(rows);
  }

  published(batch: PublishedBatch): void {
    const view = this.#view();
    if (view !== null) view.publishedEvents += batch.events;
    const seconds = batch.durableAtMs / 1_000;
    this.#last.checkpointSeconds = seconds;
    if (batch.events > 0) this.#last.deliverySeconds = seconds;
    this.#sink.published(batch);
  }

  unpublished(): void {
    this.#sink.unpublished();
  }

  heldBack(isHeldBack: boolean): void {
    this.#heldBack.set(isHeldBack);
  }

  attempted(attempt: ProduceAttempt): void {
    this.#sink.attempted(attempt);
  }

  throttled(durationMs: number): void {
    this.#sink.throttled(durationMs);
  }

  stage(stage: SinkStage, durationMs: number): void {
    this.#sink.stage(stage, durationMs);
  }

  compressed(plainBytes: number, sentBytes: number): void {
    this.#sink.compressed(plainBytes, sentBytes);
  }

  skipped(rows: number): void {
    this.#source.skipped(rows);
  }

  moved(rows: MovedRows): void {
    this.#log.moved(rows);
  }

  phantom(event: PublishedEvent): void {
    this.#countPhantom({});
    this.#log.phantom(event);
  }

  backfilled(progress: BackfillProgress): void {
    this.#backfill = progress;
    this.#log.backfilled(progress);
  }

  backfillEnded(): void {
    this.#log.backfillEnded();
  }

  leader(transition: LeaderTransition): void {
    this.#role.transition(transition);
    if (transition !== "acquired") this.#departed = transition;
    else {
      this.meter.hasLed = true;
      if (this.#departed !== null) this.#source.reconnected(this.#departed);
    }
  }

  takenOver(durationMs: number): void {
    this.#role.takenOver(durationMs / 1_000);
  }

  note(message: string): void {
    this.#log.note(message);
  }

  warning(finding: Finding): void {
    this.#log.warning(finding);
  }

  error(where: "source" | "sink" | "relay", error: RelayError): void {
    this.#countError({ where, code: error.code, remedy: error.remedy });
    this.#log.error(where, error);
  }
}
