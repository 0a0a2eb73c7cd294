import { randomUUID } from "node:crypto";
import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import type { SinkBatch } from "../relay/publish/sink.ts";
import { packRecord } from "../relay/record/pack-record.ts";
import { CheckpointTopic } from "./checkpoint-topic.ts";
import { Cluster } from "./cluster.ts";
import { Fence } from "./fence.ts";
import type { HangUps } from "./hang-ups.ts";
import { IdempotentProducer } from "./idempotent-producer.ts";
import { decodeIncarnation, encodeIncarnation, incarnationKey } from "./incarnation.ts";
import { openingGivenUp, overtaken } from "./kafka-error.ts";
import type { KafkaPorts, KafkaSinkOptions } from "./kafka-sink-options.ts";
import { LeftCommit, OVERLAPPING_IDS_MIN } from "./left-commit.ts";
import type { ReadingTime } from "./log-tail.ts";
import { LogTail } from "./log-tail.ts";
import { LostProduce } from "./lost-produce.ts";
import { OpeningChannel } from "./opening-channel.ts";
import type { Round } from "./partition-share.ts";
import { shareOut } from "./partition-share.ts";
import { ProduceRefusal } from "./produce-refusal.ts";
import { ProduceRound } from "./produce-round.ts";
import { Reach } from "./reach.ts";
import type { IncarnationFound } from "./takeover.ts";
import { Takeover } from "./takeover.ts";
import { Throttles } from "./throttles.ts";
import { TopicAdmin } from "./topic-admin.ts";
import type { TopicRefusals } from "./topic-refusals.ts";
import { Topics } from "./topics.ts";
import type { TracelessFences } from "./traceless-fences.ts";
import type { TransactionalId } from "./transactional-id.ts";
import type { ProducerParts } from "./transactional-producer.ts";
import {
  FencedError,
  TransactionalProducer,
  transactionTimedOut,
} from "./transactional-producer.ts";
import type { RecordBatchEncoder } from "./wire/record-batch.ts";

/** How a batch reaches the brokers in the delivery that was chosen. */
type Publish = (events: readonly Round[], checkpoint: Round, next: () => void) => Promise<void>;

const NO_NOTES: ReadonlyMap<string, Uint8Array> = new Map();

/** What outlives one opening. */
export interface OpeningContext {
  readonly options: KafkaSinkOptions;
  readonly ports: KafkaPorts;
  readonly clock: Clock;
  readonly moment: AnnounceMoment;
  readonly observer: SinkObserver;
  readonly encoder: RecordBatchEncoder;
  readonly tracelessFences: TracelessFences;
  readonly refusals: TopicRefusals;
  readonly hangUps: HangUps;
  readonly reading: ReadingTime;
}

/**
 * One opening of the sink: all that it knows of the brokers, and all that it has under way there. `end` ends it: after
 * that nothing of it sends any more, and whatever waits rejects.
 */
export class Opening {
  readonly cluster: Cluster;
  readonly topics: Topics;
  readonly checkpointTopic: CheckpointTopic;
  readonly tail: LogTail;
  readonly fence: Fence;
  readonly reach: Reach;
  readonly #options: KafkaSinkOptions;
  readonly #clock: Clock;
  readonly #channel: OpeningChannel;
  readonly #throttles: Throttles;
  readonly #takeover: Takeover;
  readonly #parts: ProducerParts;
  readonly #tracelessFences: TracelessFences;
  readonly #hangUps: HangUps;
  readonly #ended = new AbortController();
  #publish: Publish | null = null;
  /** What ended publishing, once it is understood: later calls of `publish` reject with the same error. */
  #failure: Promise<unknown> | null = null;
  #nonce = "";

  constructor(context: OpeningContext) {
    const { options, clock, moment, observer, encoder } = context;
    const { requestTimeoutMs } = options;
    const { signal } = this.#ended;
    this.#options = options;
    this.#clock = clock;
    this.#tracelessFences = context.tracelessFences;
    this.#hangUps = context.hangUps;
    this.#throttles = new Throttles(clock);
    const channel = new OpeningChannel(context.ports.channel, this.#throttles, signal);
    this.#channel = channel;
    const cluster = new Cluster(channel, clock, requestTimeoutMs);
    const admin = new TopicAdmin(channel, cluster, clock, requestTimeoutMs);
    const { refusals, hangUps } = context;
    this.cluster = cluster;
    this.topics = new Topics({ channel, cluster, admin, refusals, hangUps, clock }, options);
    this.checkpointTopic = new CheckpointTopic(
      options.checkpointTopic,
      { channel, cluster, admin },
      options.checkpointReplicationFactor,
    );
    // An open transaction of a predecessor that could not be fenced ends after its time-out at the latest.
    const { checkpointTopic } = options;
    this.tail = new LogTail(cluster, clock, checkpointTopic, requestTimeoutMs, context.reading);
    this.fence = new Fence(channel, cluster, clock, options);
    const leftCommit = new LeftCommit(channel, cluster, clock, requestTimeoutMs);
    this.#takeover = new Takeover(options, this.tail, this.fence, leftCommit);
    this.reach = new Reach(channel, cluster, options.checkpointTopic, this.fence.ours);
    const produce = { channel, clock, moment, observer, requestTimeoutMs, signal };
    const round = new ProduceRound({ ...produce, cluster, encoder, throttles: this.#throttles });
    this.#parts = { ...produce, round };
  }

  get hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** The request that waits for its answer the longest; null when none waits. */
  get unanswered(): RelayError | null {
    return this.#channel.unanswered;
  }

  /** The pause that brokers asked for after records, while it lasts; null otherwise. */
  get throttled(): RelayError | null {
    return this.#throttles.on("data");
  }

  end(): void {
    this.#publish = null;
    this.#ended.abort();
  }

  /** Takes the place of every predecessor; resolves with the checkpoint that was there. An aborted `signal` ends the opening. */
  async take(signal: AbortSignal): Promise<Uint8Array | null> {
    const end = (): void => this.end();
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    try {
      return await this.#take(this.#ended.signal);
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  async #take(signal: AbortSignal): Promise<Uint8Array | null> {
    await this.checkpointTopic.awaitLeader(signal);
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

  async publish(batch: SinkBatch, next: () => void): Promise<void> {
    const { records, checkpoint, notes = NO_NOTES } = batch;
    const publish = this.#publish;
    if (publish === null) throw await this.#whyClosed();
    try {
      const { slot } = this.#options;
      const named = [...notes].map(([name, value]) => [`${slot}#${name}`, value] as const);
      // The checkpoint last: in at-least-once mode what stands before it is durable when it is.
      const round = this.#checkpointRound([...named, [slot, checkpoint]]);
      const requestBytesMax = this.#hangUps.requestBytesMax(this.#options.requestBytesMax);
      await publish(shareOut(records, this.#limits, requestBytesMax), round, next);
      this.topics.served();
      this.#hangUps.served();
    } catch (error) {
      if (this.#publish === publish) {
        this.#publish = null;
        this.#failure = this.#understood(error);
      }
      throw await (this.#failure ?? this.#understood(error));
    }
  }

  /** Fences every predecessor, and returns the way to publish from now on. */
  async #fenced(signal: AbortSignal): Promise<{ publish: Publish; ids: readonly string[] }> {
    const { delivery, requestTimeoutMs, epochMaxAgeMs } = this.#options;
    const protocol = await this.fence.protocol();
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
    const producer = new IdempotentProducer(this.#parts, this.cluster, id, limits);
    return { ids: names, publish: producer.publish.bind(producer) };
  }

  /** The last checkpoint below our own barrier, which must be the newest incarnation. */
  async #readBack(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const key = incarnationKey(slot);
    const found = await this.tail.last([slot, key], true, signal);
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
    partitions: (topic: string): number => this.cluster.partitions(topic),
    batchBytesMax: (topic: string): number => this.topics.batchBytesMax(topic),
  };

  async #whyClosed(): Promise<unknown> {
    return (await this.#failure) ?? notOpen();
  }

  /** What a failed publish means for the relay. */
  async #understood(error: unknown): Promise<unknown> {
    if (error instanceof ProduceRefusal) return this.topics.refused(error);
    if (error instanceof LostProduce) return this.#hangUps.note(error, this.#parts.channel);
    if (!(error instanceof FencedError)) return error;
    const newest = await this.#newestIncarnation();
    const timedOut = transactionTimedOut(error, this.#options.transactionTimeoutMs);
    if (newest === undefined) return timedOut ?? error;
    if (newest?.nonce !== this.#nonce) return overtaken(newest?.instance);
    if (timedOut !== null) return timedOut;
    return this.#tracelessFences.add() ? this.#shared(error) : error;
  }

  /** Undefined when it cannot be read now. */
  async #newestIncarnation(): Promise<IncarnationFound | undefined> {
    try {
      return await this.#takeover.incarnation(false, this.#ended.signal);
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
