import type { LeaderTransition } from "../../relay/leadership.ts";
import type { RelayStateName } from "../../relay/state.ts";
import type { RelayView } from "../relay-view.ts";
import type { Meter } from "./meter.ts";

/** What a relay tells of itself that does not change. */
export interface Identity {
  readonly version: string;
  readonly slot: string;
  readonly publication: string;
  readonly delivery: string;
}

const STATES: readonly RelayStateName[] = [
  "starting",
  "standby",
  "streaming",
  "stalled",
  "draining",
  "failed",
];

const TRANSITIONS: readonly LeaderTransition[] = [
  "acquired",
  "released",
  "lost",
  "fenced",
  "sink_stall",
];

/** Codes that a row can hold the stream up with; another one appears when it comes. */
const ROW_CODES = [
  "COLUMN_MISSING",
  "RECORD_REFUSED",
  "RECORD_TOO_LARGE",
  "ROW_HEADERS",
  "ROW_NULL",
  "ROW_TYPE",
  "TABLE_RENAMED",
  "TABLE_UNKNOWN",
  "TOPIC_INVALID",
  "TOPIC_MISSING",
  "TOPIC_UNAUTHORIZED",
];

export interface RoleCounters {
  transition(reason: LeaderTransition): void;
  takenOver(seconds: number): void;
}

/** Who this relay is, and what it does. */
export function addRoleMetrics(
  meter: Meter,
  view: () => RelayView | null,
  identity: Identity,
): RoleCounters {
  meter.section("Identity and role");
  addInfo(meter, identity);
  addState(meter, view);
  addBlocked(meter, view);
  const transition = meter.counter(
    {
      name: "relay_leader_transitions_total",
      help: "Times this relay took the slot (acquired), and held it no longer, by reason",
      labels: ["reason"],
      isPerSlot: true,
    },
    TRANSITIONS.map((reason) => ({ reason })),
  );
  const takenOver = meter.histogram(
    {
      name: "relay_takeover_duration_seconds",
      help: "From seeing the slot free until reading on from the checkpoint, predecessors fenced",
      isPerSlot: true,
    },
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    [{}],
  );
  addDependencies(meter, view);
  return {
    transition: (reason) => transition({ reason }),
    takenOver: (seconds) => takenOver({}, seconds),
  };
}

function addInfo(meter: Meter, { version, publication, delivery }: Identity): void {
  meter.gauge(
    {
      name: "relay_build_info",
      help: "1, with the version of the running relay",
      labels: ["version", "node_version"],
    },
    (put) => put({ version, node_version: process.version }, 1),
  );
  meter.gauge(
    {
      name: "relay_config_info",
      help: "1, with the settings that matter most",
      labels: ["publication", "profile", "delivery", "on_poison"],
      isPerSlot: true,
    },
    (put) => put({ publication, profile: "native", delivery, on_poison: "halt" }, 1),
  );
}

function addState(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_state",
      help: "1 for the state the relay is in, 0 for all others",
      labels: ["state"],
      isPerSlot: true,
    },
    (put) => {
      const name = view()?.relay.state.name;
      if (name !== undefined) for (const state of STATES) put({ state }, state === name ? 1 : 0);
    },
  );
  meter.gauge(
    { name: "relay_leader", help: "1 while this relay holds the slot", isPerSlot: true },
    (put) => {
      const seen = view();
      if (seen !== null) put({}, seen.relay.session === null ? 0 : 1);
    },
  );
}

function addBlocked(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_blocked",
      help: "1 for the code of the error with which a row holds the stream up, 0 for all others",
      labels: ["reason"],
      isPerSlot: true,
      exporter: "leader",
    },
    (put) => {
      const seen = view();
      if (seen === null) return;
      const { rowFailure: failure, session, state } = seen.relay;
      // Between two holds of the slot it is still held up; as a standby it is not, whatever it met before.
      const isHeldUp = state.name === "failed" && state.reason?.code === failure?.code;
      if (session === null && !isHeldUp) return;
      const codes = new Set<string>(ROW_CODES);
      if (failure !== null) codes.add(failure.code);
      for (const reason of codes) put({ reason }, reason === failure?.code ? 1 : 0);
    },
  );
}

function addDependencies(meter: Meter, view: () => RelayView | null): void {
  meter.gauge(
    {
      name: "relay_dependency_up",
      help: "Whether the last question was answered; Postgres is asked every five seconds, Kafka as often as there is something to send, store or probe",
      labels: ["dependency"],
    },
    (put) => {
      const seen = view();
      if (seen === null) return;
      const { isReachable } = seen.slots;
      if (isReachable !== null) put({ dependency: "postgres" }, isReachable ? 1 : 0);
      put({ dependency: "kafka" }, seen.kafka.reachable ? 1 : 0);
    },
  );
}
