import type { Clock } from "../../../src/relay/clock.ts";
import type { OutboxColumnNames } from "../../../src/relay/event/outbox-table.ts";
import type { OutboxOptions } from "../../../src/relay/intake.ts";
import type { LeaderTransition } from "../../../src/relay/leadership.ts";
import type { AnnounceMoment, Observer } from "../../../src/relay/observer.ts";
import { silentObserver } from "../../../src/relay/observer.ts";
import type { RelayOptions } from "../../../src/relay/options.ts";
import { OutboxRelations } from "../../../src/relay/outbox-relations.ts";
import type { RelayPorts } from "../../../src/relay/ports.ts";
import { Relay } from "../../../src/relay/relay.ts";
import type { RelayState } from "../../../src/relay/state.ts";
import type { ModelSink } from "./model-kafka.ts";
import type { ModelPostgres } from "./model-postgres.ts";

/** An outbox table as the migration makes it. */
export const MODEL_OUTBOX: OutboxOptions = {
  tables: ["public.outbox"],
  columns: {
    id: "id",
    route: "aggregatetype",
    key: "aggregateid",
    type: "type",
    payload: "payload",
    headers: "headers",
  },
  topicTemplate: "outbox.event.${routedByValue}",
};

export const MODEL_OPTIONS: RelayOptions = {
  slot: "slot",
  slotCreate: "if-missing",
  snapshot: "never",
  instance: "model",
  outbox: MODEL_OUTBOX,
  configFingerprint: "c",
  shard: null,
  statusIntervalMs: 5_000,
  batchEventsMax: 4,
  batchBytesMax: 1_000_000,
  lingerMs: 5,
  bufferBytesMax: 10_000,
  checkpointIntervalMs: 10_000,
  lookIntervalMs: 5_000,
  sinkStallReleaseMs: 60_000,
  standbyPollIntervalMs: 1_000,
  shutdownTimeoutMs: 20_000,
  retry: { initialMs: 100, maxMs: 5_000, jitter: 0.2 },
};

/** For an intake alone: it knows the outbox table by its name, and nobody answers questions. */
export function modelRelations(columns: Partial<OutboxColumnNames> = {}): OutboxRelations {
  const nobody = { catalog: () => Promise.reject(new Error("nobody answers")) };
  return new OutboxRelations(
    nobody,
    { ...MODEL_OUTBOX, columns: { ...MODEL_OUTBOX.columns, ...columns } },
    new AbortController().signal,
    { watermark: () => null },
  );
}

/** What the core sees of the models. */
export function modelPorts(
  postgres: ModelPostgres,
  sink: ModelSink,
  clock: Clock,
  observer: Observer,
): RelayPorts {
  return { source: postgres, database: postgres, sink, published: sink, clock, observer };
}

/** The real core in front of the models. */
export class ModelRelay {
  readonly states: RelayState[] = [];
  readonly transitions: LeaderTransition[] = [];
  readonly takeoversMs: number[] = [];
  readonly relay: Relay;
  readonly ended: Promise<void>;
  readonly #stop = new AbortController();

  constructor(
    postgres: ModelPostgres,
    sink: ModelSink,
    clock: Clock,
    options: Partial<RelayOptions> = {},
    moment: AnnounceMoment = () => undefined,
    told: Partial<Observer> = {},
  ) {
    const ports = modelPorts(postgres, sink, clock, {
      ...momentObserver(moment),
      leader: (transition: LeaderTransition) => void this.transitions.push(transition),
      takenOver: (durationMs: number) => void this.takeoversMs.push(durationMs),
      ...told,
    });
    const listener = { stateChanged: (state: RelayState) => this.states.push(state) };
    this.relay = new Relay(ports, { ...MODEL_OPTIONS, ...options }, listener);
    this.ended = this.relay.run(this.#stop.signal);
    this.ended.catch(() => undefined);
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** Tells of moments and of nothing else. */
export function momentObserver(moment: AnnounceMoment): Observer {
  return { ...silentObserver(), moment };
}
