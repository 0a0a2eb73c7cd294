import type { RelayOptions } from "../../../src/relay/options.ts";
import { MODEL_OUTBOX } from "../../support/model/model-relay.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import type { ConsumerKind } from "../oracle/consumer.ts";

export const SLOT = "slot";
export const CHECKPOINT_TOPIC = "checkpoint";
export const SINK_STALL_RELEASE_MS = 2_500;
/** Of one length, and of one place among the routes that the relay remembers, so that one kept in lent memory turns into the other. */
export const ROUTES: readonly string[] = ["quote", "visit"];

/** The longest that brokers allow, unless they are told otherwise: longer than a world lasts. */
const LONGEST_MS = 900_000;

/** What one world is like; drawn from its seed. */
export interface WorldPlan {
  readonly delivery: "exactly-once" | "at-least-once";
  readonly protocol: "v1" | "v2";
  readonly brokers: 1 | 3;
  readonly transactionalIds: readonly number[];
  readonly partitions: number;
  readonly keys: number;
  readonly markerDelayMsMax: number;
  readonly isSynchronized: boolean;
  readonly sendsEmpty: boolean;
  /** The publication is withdrawn and restored. */
  readonly changesCatalog: boolean;
  /** Its owner is changed, too. */
  readonly changesOwner: boolean;
  readonly transactionPauseMs: number;
  readonly rowPauseMs: number;
  readonly requestBytesMax: number;
  readonly requestTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly consumers: ConsumerKind;
  /** The slot is lost at the end, and a repair closes the gap. */
  readonly hasGap: boolean;
  /** Whether a relay may stand in state `failed`: where brokers refuse for good it has to. */
  readonly mayHalt: boolean;
  /** Whether relays create topics that are missing. */
  readonly createsTopics: boolean;
  readonly relay: Pick<
    RelayOptions,
    | "batchEventsMax"
    | "batchBytesMax"
    | "lingerMs"
    | "bufferBytesMax"
    | "checkpointIntervalMs"
    | "lookIntervalMs"
  >;
}

export function drawPlan(clock: SimClock): WorldPlan {
  // Two transactions that time out are both aborted, and kafkajs cannot read that (docs/guarantees.md).
  const consumers = clock.pick(["java", "kafkajs"] as const);
  const delivery = clock.chance(0.8) ? "exactly-once" : "at-least-once";
  const hasGap = delivery === "exactly-once" && clock.chance(0.3);
  return {
    consumers,
    delivery,
    hasGap,
    mayHalt: false,
    createsTopics: false,
    protocol: clock.chance(0.5) ? "v1" : "v2",
    brokers: clock.chance(0.5) ? 1 : 3,
    transactionalIds: clock.pick([[1], [3], [1, 2, 3]]),
    partitions: 1 + clock.below(4),
    keys: 1 + clock.below(6),
    markerDelayMsMax: clock.pick([0.5, 3, 40, 150]),
    isSynchronized: clock.chance(0.5),
    sendsEmpty: clock.chance(0.5),
    changesCatalog: !hasGap && clock.chance(0.2),
    changesOwner: clock.chance(0.5),
    transactionPauseMs: clock.pick([60, 200, 500]),
    rowPauseMs: clock.pick([0, 3, 30]),
    requestBytesMax: clock.pick([300, 2_000, 100_000]),
    requestTimeoutMs: clock.pick([200, 1_000]),
    transactionTimeoutMs: consumers === "java" ? clock.pick([1_500, 5_000]) : LONGEST_MS,
    relay: {
      batchEventsMax: clock.pick([1, 2, 5, 20, 100]),
      batchBytesMax: clock.pick([600, 100_000]),
      lingerMs: clock.pick([0, 2, 10]),
      bufferBytesMax: clock.pick([3_000, 40_000]),
      checkpointIntervalMs: clock.pick([50, 400]),
      lookIntervalMs: clock.pick([5, 40, 400]),
    },
  };
}

export function relayOptions(plan: WorldPlan, instance: string): RelayOptions {
  return {
    slot: SLOT,
    slotCreate: "if-missing",
    snapshot: "never",
    instance,
    outbox: { ...MODEL_OUTBOX, topicTemplate: `events.\${routedByValue}` },
    configFingerprint: "config",
    shard: null,
    statusIntervalMs: 300,
    ...plan.relay,
    sinkStallReleaseMs: SINK_STALL_RELEASE_MS,
    standbyPollIntervalMs: 40,
    shutdownTimeoutMs: 1_500,
    retry: { initialMs: 15, maxMs: 400, jitter: 0.2 },
  };
}
