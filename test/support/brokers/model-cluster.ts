import { ERROR } from "../../../src/kafka/error-code.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import type { LogEntry } from "./partition-log.ts";
import { PartitionLog } from "./partition-log.ts";
import { TransactionCoordinator } from "./transaction-coordinator.ts";

const TIMEOUT_MS_MAX = 900_000;

export interface ModelClusterOptions {
  readonly brokers: number;
  /** Finalized level of `transaction.version`: 2 offers the newer protocol. */
  readonly transactionVersion: 0 | 2;
  /** From 0 up to 1. */
  random(): number;
  /** Longest time that a marker takes to its partition, ms. */
  readonly markerDelayMsMax: number;
}

/** What a broker says to one partition of a Produce instead of the truth. */
export interface Injection {
  readonly error: number;
  /** Whether it has appended the batch all the same. */
  readonly isApplied: boolean;
}

export interface CreationRefusal {
  readonly error: number;
  readonly message: string;
}

/** Decides per partition of a Produce; null lets it be. */
export type Injector = (log: PartitionLog, batch: Buffer) => Injection | null;

export interface ModelTopic {
  readonly name: string;
  /** One of Kafka's own. */
  isInternal: boolean;
  /** Settings that differ from the model's defaults. */
  readonly config: Map<string, string>;
  readonly logs: PartitionLog[];
}

/**
 * A Kafka cluster in memory, without its network: brokers that come and go, topics, transactions. What was written stays
 * written; a partition is served by its leader, and by the next broker that runs when the leader is gone.
 */
export class ModelCluster {
  readonly topics = new Map<string, ModelTopic>();
  readonly transactions: TransactionCoordinator;
  readonly options: ModelClusterOptions;
  inject: Injector = () => null;
  /** Called with each decision; the entries are those of the producer's open transaction. */
  decided: (entries: readonly LogEntry[], isCommit: boolean) => void = () => undefined;
  /** Told of each topic that is created. */
  created: (topic: ModelTopic) => void = () => undefined;
  /** Settings of every broker. */
  readonly brokerConfig = new Map<string, string>();
  /** Why the controller refuses to create a topic; null where it does not. */
  refuseCreation: (topic: string) => CreationRefusal | null = () => null;
  readonly #up: boolean[];
  readonly #leaders = new Map<PartitionLog, number>();

  constructor(options: ModelClusterOptions, clock: Clock) {
    this.options = options;
    this.#up = Array.from({ length: options.brokers }, () => true);
    this.transactions = new TransactionCoordinator(clock, {
      timeoutMsMax: TIMEOUT_MS_MAX,
      markerDelayMs: () => options.random() * options.markerDelayMsMax,
      isWritable: (log) => this.leader(log) > 0,
      decided: (logs, producerId, isCommit) => {
        this.decided(
          [...logs].flatMap((log) => log.openEntries(producerId)),
          isCommit,
        );
      },
    });
  }

  /** Ids count from 1. */
  get brokerIds(): number[] {
    return this.#up.map((_, index) => index + 1);
  }

  get liveIds(): number[] {
    return this.brokerIds.filter((id) => this.isUp(id));
  }

  isUp(id: number): boolean {
    return this.#up[id - 1] === true;
  }

  kill(id: number): void {
    this.#up[id - 1] = false;
  }

  start(id: number): void {
    this.#up[id - 1] = true;
  }

  createTopic(name: string, partitions: number): ModelTopic {
    const topic: ModelTopic = {
      name,
      isInternal: false,
      config: new Map(),
      logs: Array.from({ length: partitions }, (_, partition) => new PartitionLog(name, partition)),
    };
    for (const log of topic.logs)
      this.#leaders.set(log, 1 + (log.partition % this.options.brokers));
    this.topics.set(name, topic);
    this.created(topic);
    return topic;
  }

  log(topic: string, partition: number): PartitionLog | undefined {
    return this.topics.get(topic)?.logs[partition];
  }

  /** Id of the broker that leads the partition now; -1 when none runs. */
  leader(log: PartitionLog): number {
    const leader = this.#leaders.get(log) ?? -1;
    if (this.isUp(leader)) return leader;
    const next = this.liveIds[0];
    if (next === undefined) return -1;
    this.#leaders.set(log, next);
    return next;
  }

  moveLeader(log: PartitionLog, to: number): void {
    this.#leaders.set(log, to);
  }

  /** One coordinator for all ids, the live broker with the highest id; -1 when none runs. */
  get coordinator(): number {
    return this.liveIds.at(-1) ?? -1;
  }

  /** Why this broker does not answer for the partition, or 0. */
  leadershipError(broker: number, log: PartitionLog | undefined): number {
    if (log === undefined) return ERROR.unknownTopicOrPartition;
    return this.leader(log) === broker ? ERROR.none : ERROR.notLeaderOrFollower;
  }
}
