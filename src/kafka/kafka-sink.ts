import { randomUUID } from "node:crypto";
import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import { findingOf } from "../relay/finding.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import { SILENT_SINK_OBSERVER } from "../relay/observer.ts";
import type { Sink, SinkBatch } from "../relay/publish/sink.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { packRecord } from "../relay/record/pack-record.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { CheckpointTopic } from "./checkpoint-topic.ts";
import { Cluster } from "./cluster.ts";
import { Fence } from "./fence.ts";
import { IdempotentProducer } from "./idempotent-producer.ts";
import { decodeIncarnation, encodeIncarnation, incarnationKey } from "./incarnation.ts";
import { openingGivenUp, overtaken } from "./kafka-error.ts";
import type { KafkaPorts, KafkaSinkOptions, SinkStatus } from "./kafka-sink-options.ts";
import { LeftCommit, OVERLAPPING_IDS_MIN } from "./left-commit.ts";
import { LogTail } from "./log-tail.ts";
import type { Round } from "./partition-share.ts";
import { shareOut } from "./partition-share.ts";
import { ProduceRefusal } from "./produce-refusal.ts";
import { ProduceRound } from "./produce-round.ts";
import { Reach } from "./reach.ts";
import type { IncarnationFound } from "./takeover.ts";
import { Takeover } from "./takeover.ts";
import { TopicAdmin } from "./topic-admin.ts";
import { Topics } from "./topics.ts";
import { TracelessFences } from "./traceless-fences.ts";
import type { TransactionalId } from "./transactional-id.ts";
import type { ProducerParts } from "./transactional-producer.ts";
import { FencedError, TransactionalProducer } from "./transactional-producer.ts";
import { compressionOf } from "./wire/compress/batch-compression.ts";
import { RecordBatchEncoder } from "./wire/record-batch.ts";

/** How a batch reaches the brokers in the delivery that was chosen. */
type Publish = (events: readonly Round[], checkpoint: Round, next: () => void) => Promise<void>;

const NO_NOTES: ReadonlyMap<string, Uint8Array> = new Map();

/** The Sink in front of a real cluster: events and checkpoint in one Kafka transaction. */
export class KafkaSink implements Sink {
  readonly inFlightMax: number;
  readonly #options: KafkaSinkOptions;
  readonly #clock: Clock;
  readonly #channel: BrokerChannel;
  readonly #cluster: Cluster;
  readonly #topics: Topics;
  readonly #checkpointTopic: CheckpointTopic;
  readonly #tail: LogTail;
  readonly #fence: Fence;
  readonly #takeover: Takeover;
  readonly #reach: Reach;
  readonly #parts: ProducerParts;
  #publish: Publish | null = null;
  /** Whether more than questions may be under way on the connections. */
  #isUsed = false;
  /** What ended publishing, once it is understood: whoever publishes after it is told the same. */
  #failure: Promise<unknown> | null = null;
  #nonce = "";
  readonly #tracelessFences: TracelessFences;

  constructor(
    options: KafkaSinkOptions,
    ports: KafkaPorts,
    clock: Clock,
    moment: AnnounceMoment,
    observer: SinkObserver = SILENT_SINK_OBSERVER,
  ) {
    const { channel } = ports;
    const { requestTimeoutMs } = options;
    this.#options = options;
    this.#clock = clock;
    this.#tracelessFences = new TracelessFences(clock);
    // One that commits, or waits for its checkpoint, and one that is produced meanwhile.
    this.inFlightMax = 2;
    const cluster = new Cluster(channel, clock, requestTimeoutMs);
    const admin = new TopicAdmin(channel, cluster, clock, requestTimeoutMs);
    this.#channel = channel;
    this.#cluster = cluster;
    this.#topics = new Topics(channel, cluster, admin, options, clock);
    const parts = { channel, cluster, admin };
    this.#checkpointTopic = new CheckpointTopic(
      options.checkpointTopic,
      parts,
      options.checkpointReplicationFactor,
    );
    // An open transaction of a predecessor that could not be fenced ends after its time-out at the latest.
    this.#tail = new LogTail(cluster, clock, options.checkpointTopic, requestTimeoutMs);
    this.#fence = new Fence(channel, cluster, clock, options);
    const leftCommit = new LeftCommit(channel, cluster, clock, requestTimeoutMs);
    this.#takeover = new Takeover(options.slot, this.#tail, this.#fence, leftCommit);
    this.#reach = new Reach(channel, cluster, options.checkpointTopic, this.#fence.ours);
    const encoder = new RecordBatchEncoder(compressionOf(options, observer));
    const round = new ProduceRound(channel, cluster, encoder, clock, moment, observer);
    this.#parts = { channel, round, clock, moment, observer, requestTimeoutMs };
  }

  status(): SinkStatus {
    const { isReachable: reachable, connectedBrokers: connected } = this.#channel;
    return { reachable, brokers: this.#cluster.brokers, connected };
  }

  async preflight(signal: AbortSignal): Promise<readonly Finding[]> {
    try {
      await this.#fence.protocol();
      const findings = await this.#checkpointTopic.ensure(signal);
      await this.#reach.prove(signal);
      return findings;
    } catch (error) {
      if (error instanceof RelayError) return [findingOf(error)];
      throw error;
    }
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#reach.prove(signal);
  }

  async peek(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const found = await this.#tail.last([slot], false, signal);
    return found.get(slot)?.value ?? null;
  }

  async open(signal: AbortSignal): Promise<Uint8Array | null> {
    this.#publish = null;
    this.#failure = null;
    // What an earlier opening has under way must not arrive behind our fence.
    if (this.#isUsed) this.#channel.close();
    this.#isUsed = true;
    this.#topics.forgetAll();
    await this.#cluster.awaitLeaders([this.#options.checkpointTopic], signal);
    const { publish, ids } = await this.#fenced(signal);
    this.#parts.moment("fenced");
    this.#nonce = randomUUID();
    await publish([], this.#incarnationRound(ids), () => undefined);
    this.#parts.moment("barrier-committed");
    const checkpoint = await this.#readBack(signal);
    if (signal.aborted) throw openingGivenUp();
    this.#publish = publish;
    return checkpoint;
  }

  async publish(batch: SinkBatch, next: () => void = () => undefined): Promise<void> {
    const { records, checkpoint, notes = NO_NOTES } = batch;
    const publish = this.#publish;
    if (publish === null) throw await this.#whyClosed();
    try {
      const { slot } = this.#options;
      const named = [...notes].map(([name, value]) => [`${slot}#${name}`, value] as const);
      // The checkpoint last: in at-least-once mode what stands before it is durable when it is.
      const round = this.#checkpointRound([...named, [slot, checkpoint]]);
      await publish(shareOut(records, this.#limits, this.#options.requestBytesMax), round, next);
      this.#topics.served();
    } catch (error) {
      if (this.#publish === publish) {
        this.#publish = null;
        this.#failure = this.#understood(error);
      }
      throw await (this.#failure ?? this.#understood(error));
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
    this.#isUsed = false;
    this.#channel.close();
    return Promise.resolve();
  }

  /** Fences every predecessor, and returns the way to publish from now on. */
  async #fenced(signal: AbortSignal): Promise<{ publish: Publish; ids: readonly string[] }> {
    const { delivery, requestTimeoutMs, epochMaxAgeMs } = this.#options;
    const protocol = await this.#fence.protocol();
    const canFinish = protocol.name === "v2" && protocol.describesTransactions;
    const ids = await this.#takeover.takeAll(canFinish, signal);
    const names = ids.map(({ name }) => name);
    if (delivery === "exactly-once") {
      const producer = new TransactionalProducer(
        this.#parts,
        protocol.name,
        ids,
        canFinish && ids.length >= OVERLAPPING_IDS_MIN,
      );
      return {
        ids: names,
        // The checkpoint with the first: all partitions begin with one request then, and all is one transaction anyway.
        publish: ([first = [], ...rest], checkpoint, next) =>
          producer.publish([[...first, ...checkpoint], ...rest], next),
      };
    }
    const id = ids[0] as TransactionalId;
    const limits = { retryMs: requestTimeoutMs, epochMs: epochMaxAgeMs };
    const producer = new IdempotentProducer(this.#parts, this.#cluster, id, limits);
    return { ids: names, publish: producer.publish.bind(producer) };
  }

  /** The last checkpoint below our own barrier, which must be the newest incarnation. */
  async #readBack(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const key = incarnationKey(slot);
    const found = await this.#tail.last([slot, key], true, signal);
    const newest = decodeIncarnation(found.get(key)?.value ?? new Uint8Array(0));
    if (newest?.nonce !== this.#nonce) throw overtaken(newest?.instance);
    return found.get(slot)?.value ?? null;
  }

  #incarnationRound(ids: readonly string[]): Round {
    const value = encodeIncarnation({
      instance: this.#options.instanceId,
      nonce: this.#nonce,
      transactionalIds: ids,
      at: new Date(this.#clock.wallMs()).toISOString(),
    });
    return this.#checkpointRound([[incarnationKey(this.#options.slot), value]]);
  }

  #checkpointRound(values: readonly (readonly [key: string, value: Uint8Array])[]): Round {
    const topic = this.#options.checkpointTopic;
    const timestampMs = this.#clock.wallMs();
    const records = values.map(([key, value]) => {
      const parts = { key: new TextEncoder().encode(key), value, headers: [] };
      return packRecord({ topic, timestampMs, ...parts });
    });
    return [{ topic, partition: 0, records }];
  }

  readonly #limits = {
    partitions: (topic: string): number => this.#cluster.partitions(topic),
    batchBytesMax: (topic: string): number => this.#topics.batchBytesMax(topic),
  };

  async #whyClosed(): Promise<unknown> {
    return (await this.#failure) ?? notOpen();
  }

  /** What a failed publish means for the relay. */
  async #understood(error: unknown): Promise<unknown> {
    if (error instanceof ProduceRefusal) return this.#topics.refused(error);
    if (!(error instanceof FencedError)) return error;
    const newest = await this.#newestIncarnation();
    if (newest === undefined) return error;
    if (newest?.nonce !== this.#nonce) return overtaken(newest?.instance);
    const isTimedOut = error.transactionAgeMs >= this.#options.transactionTimeoutMs;
    return isTimedOut || !this.#tracelessFences.add() ? error : this.#shared(error);
  }

  /** Undefined when it cannot be read now. */
  async #newestIncarnation(): Promise<IncarnationFound | undefined> {
    try {
      return await this.#takeover.incarnation(false, new AbortController().signal);
    } catch {
      return undefined; // The next opening finds out.
    }
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
