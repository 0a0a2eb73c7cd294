import { randomUUID } from "node:crypto";
import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import type { AnnounceMoment } from "../relay/observer.ts";
import type { OutboundRecord, Sink, SinkBatch } from "../relay/publish/sink.ts";
import { CheckpointTopic, findingOf } from "./checkpoint-topic.ts";
import { Cluster } from "./cluster.ts";
import { Fence } from "./fence.ts";
import { IdempotentProducer } from "./idempotent-producer.ts";
import { decodeIncarnation, encodeIncarnation, incarnationKey } from "./incarnation.ts";
import type { ConnectionOptions } from "./kafkajs-channel.ts";
import { KafkajsChannel } from "./kafkajs-channel.ts";
import { LogTail } from "./log-tail.ts";
import type { PartitionShare } from "./partition-share.ts";
import { shareOut } from "./partition-share.ts";
import { ProduceRound } from "./produce-round.ts";
import type { TopicCreation } from "./topics.ts";
import { Topics } from "./topics.ts";
import type { TransactionalId } from "./transactional-id.ts";
import type { ProducerParts } from "./transactional-producer.ts";
import { FencedError, TopicChangedError, TransactionalProducer } from "./transactional-producer.ts";
import { RecordBatchEncoder } from "./wire/record-batch.ts";

export interface KafkaSinkOptions extends ConnectionOptions {
  readonly slot: string;
  readonly instanceId: string;
  readonly checkpointTopic: string;
  /** -1: what the broker is set to. */
  readonly checkpointReplicationFactor: number;
  readonly delivery: "exactly-once" | "at-least-once";
  readonly transactionalIdPrefix: string;
  readonly transactionalIds: number;
  readonly transactionTimeoutMs: number;
  readonly transactionProtocol: "auto" | "v1" | "v2";
  readonly topicAutoCreate: TopicCreation | null;
  /** How long what is known of a topic counts before it is looked at again, ms. */
  readonly metadataMaxAgeMs: number;
}

/** How a batch reaches the brokers in the delivery that was chosen. */
/**
 * A relay that dies or is cut off between fencing us and saying who it is leaves no trace, and so may one that wakes up.
 * So many such fences within so long are another user of our ids.
 */
const TRACELESS_FENCES_MAX = 3;
const TRACELESS_FENCES_WITHIN_MS = 60_000;

type Publish = (events: PartitionShare[], checkpoint: PartitionShare) => Promise<void>;

/** The Sink in front of a real cluster: events and checkpoint in one Kafka transaction. */
export class KafkaSink implements Sink {
  readonly inFlightMax: number;
  readonly #options: KafkaSinkOptions;
  readonly #clock: Clock;
  readonly #channel: KafkajsChannel;
  readonly #cluster: Cluster;
  readonly #topics: Topics;
  readonly #checkpointTopic: CheckpointTopic;
  readonly #tail: LogTail;
  readonly #fence: Fence;
  readonly #parts: ProducerParts;
  #publish: Publish | null = null;
  #nonce = "";
  #tracelessFencesMs: number[] = [];

  constructor(options: KafkaSinkOptions, clock: Clock, moment: AnnounceMoment) {
    const { requestTimeoutMs } = options;
    this.#options = options;
    this.#clock = clock;
    this.inFlightMax = options.delivery === "exactly-once" ? options.transactionalIds : 1;
    const channel = new KafkajsChannel(options);
    const cluster = new Cluster(channel, clock, requestTimeoutMs);
    this.#channel = channel;
    this.#cluster = cluster;
    this.#topics = new Topics(channel, cluster, options, options, clock);
    const parts = { channel, cluster, connection: options };
    this.#checkpointTopic = new CheckpointTopic(
      options.checkpointTopic,
      parts,
      options.checkpointReplicationFactor,
    );
    // An open transaction of a predecessor that could not be fenced ends after its time-out at the latest.
    this.#tail = new LogTail(cluster, clock, options.checkpointTopic, requestTimeoutMs);
    this.#fence = new Fence(channel, cluster, clock, options);
    const round = new ProduceRound(channel, cluster, new RecordBatchEncoder(), clock, moment);
    this.#parts = { channel, round, clock, moment, requestTimeoutMs };
  }

  status(): { readonly reachable: boolean; readonly brokers: number } {
    return { reachable: this.#channel.isReachable, brokers: this.#cluster.brokers };
  }

  async preflight(signal: AbortSignal): Promise<readonly Finding[]> {
    try {
      await this.#fence.protocol();
      return await this.#checkpointTopic.ensure(signal);
    } catch (error) {
      if (error instanceof RelayError) return [findingOf(error)];
      throw error;
    }
  }

  async peek(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const found = await this.#tail.last([slot], false, signal);
    return found.get(slot)?.value ?? null;
  }

  async open(signal: AbortSignal): Promise<Uint8Array | null> {
    this.#publish = null;
    this.#channel.close();
    this.#topics.forgetAll();
    await this.#cluster.awaitLeaders([this.#options.checkpointTopic], signal);
    const { publish, ids } = await this.#fenced(signal);
    this.#parts.moment("fenced");
    this.#nonce = randomUUID();
    await publish([], this.#incarnationShare(ids));
    this.#parts.moment("barrier-committed");
    const checkpoint = await this.#readBack(signal);
    if (signal.aborted) throw aborted();
    this.#publish = publish;
    return checkpoint;
  }

  async publish({ records, checkpoint }: SinkBatch): Promise<void> {
    const publish = this.#publish;
    if (publish === null) throw notOpen();
    try {
      const share = this.#checkpointShare(this.#options.slot, checkpoint);
      await publish(shareOut(records, this.#limits), share);
    } catch (error) {
      if (this.#publish === publish) this.#publish = null;
      throw await this.#understood(error);
    }
  }

  async learn(topics: readonly string[], again: boolean, signal: AbortSignal): Promise<void> {
    if (again) for (const topic of topics) this.#topics.forget(topic);
    await this.#topics.learn(topics, signal);
  }

  knows(topic: string): boolean {
    return this.#topics.knows(topic);
  }

  refuse(record: OutboundRecord): RelayError | null {
    return this.#topics.refuse(record);
  }

  close(): Promise<void> {
    this.#publish = null;
    this.#channel.close();
    return Promise.resolve();
  }

  /** Fences the ids of the last incarnation and ours, and returns the way to publish from now on. */
  async #fenced(signal: AbortSignal): Promise<{ publish: Publish; ids: readonly string[] }> {
    const { delivery, requestTimeoutMs } = this.#options;
    const former = await this.#incarnation(signal);
    const protocol = await this.#fence.protocol();
    const ids = await this.#fence.take(former?.transactionalIds ?? [], signal);
    const names = ids.map(({ name }) => name);
    if (delivery === "exactly-once") {
      const producer = new TransactionalProducer(this.#parts, protocol, ids);
      return {
        ids: names,
        publish: (events, checkpoint) => producer.publish([...events, checkpoint]),
      };
    }
    const [{ identity }] = ids as [TransactionalId];
    const producer = new IdempotentProducer(this.#parts, this.#cluster, identity, requestTimeoutMs);
    return { ids: names, publish: (events, checkpoint) => producer.publish(events, checkpoint) };
  }

  /** The last checkpoint below our own barrier, which must be the newest incarnation. */
  async #readBack(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const key = incarnationKey(slot);
    const found = await this.#tail.last([slot, key], true, signal);
    const newest = decodeIncarnation(found.get(key)?.value ?? new Uint8Array(0));
    if (newest?.nonce !== this.#nonce) throw this.#overtaken(newest?.instance);
    return found.get(slot)?.value ?? null;
  }

  async #incarnation(signal: AbortSignal): Promise<ReturnType<typeof decodeIncarnation>> {
    const key = incarnationKey(this.#options.slot);
    const found = await this.#tail.last([key], false, signal);
    const value = found.get(key)?.value;
    return value === undefined || value === null ? null : decodeIncarnation(value);
  }

  #incarnationShare(ids: readonly string[]): PartitionShare {
    const value = encodeIncarnation({
      instance: this.#options.instanceId,
      nonce: this.#nonce,
      transactionalIds: ids,
      at: new Date(this.#clock.wallMs()).toISOString(),
    });
    return this.#checkpointShare(incarnationKey(this.#options.slot), value);
  }

  #checkpointShare(key: string, value: Uint8Array): PartitionShare {
    const topic = this.#options.checkpointTopic;
    const record = {
      topic,
      key: new TextEncoder().encode(key),
      value,
      headers: [],
      timestampMs: this.#clock.wallMs(),
    };
    return { topic, partition: 0, rounds: [[record]] };
  }

  readonly #limits = {
    partitions: (topic: string): number => this.#cluster.partitions(topic),
    batchBytesMax: (topic: string): number => this.#topics.batchBytesMax(topic),
  };

  /** What a failed publish means for the relay. */
  async #understood(error: unknown): Promise<unknown> {
    if (error instanceof TopicChangedError) this.#topics.forget(error.topic);
    if (!(error instanceof FencedError)) return error;
    const newest = await this.#newestIncarnation();
    if (newest === undefined) return error;
    if (newest?.nonce !== this.#nonce) return this.#overtaken(newest?.instance);
    const isTimedOut = error.transactionAgeMs >= this.#options.transactionTimeoutMs;
    return isTimedOut || !this.#isFencedAgain() ? error : this.#shared(error);
  }

  /** Whether nobody was there to have fenced us too often to be a relay that got no further. */
  #isFencedAgain(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const sinceMs = nowMs - TRACELESS_FENCES_WITHIN_MS;
    this.#tracelessFencesMs = [...this.#tracelessFencesMs.filter((ms) => ms > sinceMs), nowMs];
    return this.#tracelessFencesMs.length >= TRACELESS_FENCES_MAX;
  }

  /** Undefined when it cannot be read now. */
  async #newestIncarnation(): Promise<ReturnType<typeof decodeIncarnation> | undefined> {
    try {
      return await this.#incarnation(new AbortController().signal);
    } catch {
      return undefined; // The next opening finds out.
    }
  }

  #overtaken(instance: string | undefined): RelayError {
    return new RelayError(`another relay (${instance ?? "unknown"}) has taken over at Kafka`, {
      code: "FENCED",
      remedy: "standby",
      hint: "Nothing to do: this one stands by.",
    });
  }

  #shared(cause: FencedError): RelayError {
    return new RelayError(
      `somebody else uses our transactional ids ${this.#options.transactionalIdPrefix}-*`,
      {
        code: "TRANSACTIONAL_ID_SHARED",
        remedy: "halt",
        hint: "Give each slot a RELAY_TRANSACTIONAL_ID of its own.",
        cause,
      },
    );
  }
}

function notOpen(): RelayError {
  return new RelayError("the connection to Kafka was given up", {
    code: "KAFKA_CLOSED",
    remedy: "reopen",
    hint: "The relay opens it again by itself.",
  });
}

function aborted(): RelayError {
  return new RelayError("the opening was given up", {
    code: "KAFKA_CLOSED",
    remedy: "retry",
    hint: "Nothing to do.",
  });
}
