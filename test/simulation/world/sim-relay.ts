import { KafkaPublishedEvents } from "../../../src/kafka/kafka-published-events.ts";
import { KafkaSink } from "../../../src/kafka/kafka-sink.ts";
import type { AnnounceMoment, Moment } from "../../../src/relay/observer.ts";
import type { RelayPorts } from "../../../src/relay/ports.ts";
import { Relay } from "../../../src/relay/relay.ts";
import type { RelayState } from "../../../src/relay/state.ts";
import { momentObserver } from "../../support/model/model-relay.ts";
import type { SimClock } from "../engine/sim-clock.ts";
import { SimProcess } from "../engine/sim-process.ts";
import type { SimBrokers } from "../kafka/sim-brokers.ts";
import { SimChannel } from "../kafka/sim-channel.ts";
import { SimSource } from "../postgres/sim-ports.ts";
import type { SimPostgres } from "../postgres/sim-postgres.ts";
import type { WorldPlan } from "./plan.ts";
import { CHECKPOINT_TOPIC, relayOptions, SINK_STALL_RELEASE_MS, SLOT } from "./plan.ts";

/** Below what the brokers remember an idle id for, with room for a relay that is frozen meanwhile. */
const EPOCH_MAX_AGE_MS = 2_000;

const HOUR_MS = 3_600_000;
/** How far the clocks of hosts are apart; nothing that is published may depend on it. */
export const CLOCKS_APART_MS: readonly number[] = [0, 0, 1_000, -5 * HOUR_MS, 30 * HOUR_MS];

export interface SimRelayEvents {
  moment(moment: Moment): void;
  stateChanged(state: RelayState): void;
  /** It ended by a bug. */
  broken(error: unknown): void;
}

export interface SimParts {
  readonly clock: SimClock;
  readonly brokers: SimBrokers;
  readonly postgres: SimPostgres;
  readonly plan: WorldPlan;
}

/** One relay process: the real core and the real produce path, in front of the models. */
export class SimRelay {
  readonly process: SimProcess;
  readonly relay: Relay;
  readonly #ports: RelayPorts;
  readonly #stop = new AbortController();
  hasEnded = false;

  constructor(name: string, parts: SimParts, events: SimRelayEvents) {
    const { clock, plan } = parts;
    // How many ids there are may change from one start to the next.
    const transactionalIds = clock.pick(plan.transactionalIds);
    const process = new SimProcess(name, clock, clock.pick(CLOCKS_APART_MS));
    const moment = (at: Moment): void => {
      if (process.isAlive) events.moment(at);
    };
    const ports = simPorts(process, parts, transactionalIds, moment);
    const stateChanged = (state: RelayState): void => {
      if (process.isAlive) events.stateChanged(state);
    };
    process.crashed = (error) => {
      this.hasEnded = true;
      events.broken(error);
    };
    this.process = process;
    this.#ports = ports;
    this.relay = new Relay(ports, relayOptions(plan, name), { stateChanged });
    this.relay.run(this.#stop.signal).then(
      () => {
        this.hasEnded = true;
      },
      (error: unknown) => {
        this.hasEnded = true;
        if (process.isAlive) events.broken(error);
      },
    );
  }

  /** How long it has read the checkpoint topic so far, ms. */
  get readingMs(): number {
    return this.#ports.sink.readingMs;
  }

  /** SIGTERM. */
  stop(): void {
    this.#stop.abort();
  }
}

/** What a process sees of the models, with the real produce path in front of them. */
export function simPorts(
  process: SimProcess,
  { brokers, postgres, plan }: SimParts,
  transactionalIds: number,
  moment: AnnounceMoment,
): RelayPorts {
  const channel = new SimChannel(brokers, process, plan.requestTimeoutMs);
  const sink = new KafkaSink(
    sinkOptions(plan, process.name, transactionalIds),
    { channel },
    process,
    moment,
  );
  const source = new SimSource(postgres, process, SLOT);
  return {
    source,
    database: source,
    sink,
    published: new KafkaPublishedEvents(
      new SimChannel(brokers, process, plan.requestTimeoutMs),
      process,
      { requestTimeoutMs: plan.requestTimeoutMs, undecidedMsMax: plan.transactionTimeoutMs },
    ),
    clock: process,
    observer: momentObserver(moment),
  };
}

function sinkOptions(
  plan: WorldPlan,
  instanceId: string,
  transactionalIds: number,
): ConstructorParameters<typeof KafkaSink>[0] {
  return {
    slot: SLOT,
    instanceId,
    checkpointTopic: CHECKPOINT_TOPIC,
    checkpointReplicationFactor: -1,
    delivery: plan.delivery,
    transactionalIdPrefix: "relay",
    transactionalIdFormer: null,
    transactionalIds,
    transactionTimeoutMs: plan.transactionTimeoutMs,
    transactionProtocol: plan.protocol,
    codec: null,
    topicAutoCreate: plan.createsTopics
      ? { partitions: plan.partitions, replicationFactor: -1 }
      : null,
    requestBytesMax: plan.requestBytesMax,
    requestTimeoutMs: plan.requestTimeoutMs,
    batchMsMax: Math.min(plan.transactionTimeoutMs, SINK_STALL_RELEASE_MS) / 2,
    epochMaxAgeMs: EPOCH_MAX_AGE_MS,
    metadataMaxAgeMs: 3_000,
  };
}
