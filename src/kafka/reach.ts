import { apiVersionsRequest } from "./api/api-versions.ts";
import type { BrokerChannel, BrokerId, Lane } from "./broker-channel.ts";
import type { Cluster } from "./cluster.ts";

const LANES: readonly Lane[] = ["data", "coordinator"];

/**
 * Whether an opening would find all that it needs: the leader of the checkpoint, and the coordinators of our
 * transactional ids, each over both of its connections. These stay open, so that an opening that follows has no
 * handshakes to wait for. Nothing is changed at the brokers.
 */
export class Reach {
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #checkpointTopic: string;
  readonly #transactionalIds: readonly string[];

  constructor(
    channel: BrokerChannel,
    cluster: Cluster,
    checkpointTopic: string,
    transactionalIds: readonly string[],
  ) {
    this.#channel = channel;
    this.#cluster = cluster;
    this.#checkpointTopic = checkpointTopic;
    this.#transactionalIds = transactionalIds;
  }

  /** Rejects with the first thing that is missing, after `RELAY_KAFKA_REQUEST_TIMEOUT` at the latest for each step. */
  async prove(signal: AbortSignal): Promise<void> {
    await this.#cluster.awaitLeaders([this.#checkpointTopic], signal);
    const coordinators = await Promise.all(
      this.#transactionalIds.map((id) => this.#cluster.coordinator(id, signal)),
    );
    const needed = new Set([this.#cluster.leader(this.#checkpointTopic, 0), ...coordinators]);
    await Promise.all(
      [...needed].flatMap((broker) => LANES.map((lane) => this.#ask(broker, lane))),
    );
  }

  async #ask(broker: BrokerId, lane: Lane): Promise<void> {
    await this.#channel.request(broker, lane, apiVersionsRequest());
  }
}
