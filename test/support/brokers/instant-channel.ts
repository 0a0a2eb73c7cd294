import type {
  BrokerChannel,
  BrokerId,
  BrokerRequest,
  Lane,
} from "../../../src/kafka/broker-channel.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import { answer } from "./model-broker.ts";
import type { ModelCluster } from "./model-cluster.ts";

/** A channel to model brokers over a network without delay and without faults. */
export class InstantChannel implements BrokerChannel {
  readonly isReachable = true;
  readonly connectedBrokers = 1;
  readonly #cluster: ModelCluster;
  readonly #clock: Clock;

  constructor(cluster: ModelCluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  request(
    broker: BrokerId,
    _lane: Lane,
    request: BrokerRequest,
    sent: () => void = () => undefined,
  ): Promise<Buffer> {
    sent();
    const id = broker === "any" ? (this.#cluster.liveIds[0] ?? -1) : broker;
    return answer(this.#cluster, this.#clock, id, request);
  }

  setBrokers(): void {
    // Ids are addresses here.
  }

  close(): void {
    // Nothing is kept open.
  }
}
