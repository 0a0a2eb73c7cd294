import type { Admin } from "kafkajs";
import type { KafkaRequests } from "./kafka-requests.ts";

export interface PartitionPlace {
  readonly partition: number;
  readonly leader: number;
  readonly replicas: readonly number[];
}

/** Moves leaders about, as an operator who balances a cluster does. */
export class Leaders {
  readonly #admin: Admin;
  readonly #requests: KafkaRequests;
  readonly #topic: string;

  constructor(admin: Admin, requests: KafkaRequests, topic: string) {
    this.#admin = admin;
    this.#requests = requests;
    this.#topic = topic;
  }

  async places(): Promise<PartitionPlace[]> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [this.#topic] });
    return (topics[0]?.partitions ?? [])
      .map(({ partitionId: partition, leader, replicas }) => ({ partition, leader, replicas }))
      .toSorted((a, b) => a.partition - b.partition);
  }

  /** Hands the partition to the replica that comes after its leader. */
  async move({ partition, leader, replicas }: PartitionPlace): Promise<void> {
    const at = replicas.indexOf(leader) + 1;
    const order = [...replicas.slice(at), ...replicas.slice(0, at)];
    const partitionAssignment = [{ partition, replicas: order }];
    const topics = [{ topic: this.#topic, partitionAssignment }];
    await this.#admin.alterPartitionReassignments({ topics });
    await this.#requests.electPreferredLeader(this.#topic, partition);
  }
}
