import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import type { Finding } from "../relay/finding.ts";
import { findingOf } from "../relay/finding.ts";
import type { AnnounceMoment, SinkObserver } from "../relay/observer.ts";
import { SILENT_SINK_OBSERVER } from "../relay/observer.ts";
import type { Sink, SinkBatch } from "../relay/publish/sink.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import type { BrokerChannel } from "./broker-channel.ts";
import { HangUps } from "./hang-ups.ts";
import { openingGivenUp } from "./kafka-error.ts";
import type { KafkaPorts, KafkaSinkOptions, SinkStatus } from "./kafka-sink-options.ts";
import type { OpeningContext } from "./opening.ts";
import { Opening } from "./opening.ts";
import { whileWanted } from "./opening-channel.ts";
import { Pace } from "./pace.ts";
import { TopicRefusals } from "./topic-refusals.ts";
import { TracelessFences } from "./traceless-fences.ts";
import { compressionOf } from "./wire/compress/batch-compression.ts";
import { RecordBatchEncoder } from "./wire/record-batch.ts";

/**
 * The Sink in front of a real cluster: events and checkpoint in one Kafka transaction. All that is asked and sent belongs
 * to an opening, which the next one or `close` ends. A question ends with the caller's signal, too.
 */
export class KafkaSink implements Sink {
  readonly inFlightMax: number;
  readonly #options: KafkaSinkOptions;
  readonly #channel: BrokerChannel;
  readonly #context: OpeningContext;
  readonly #clock: Clock;
  readonly #pace: Pace;
  #opening: Opening;
  #lastFault: string | null = null;
  /** Whether more than questions may be under way on the connections. */
  #isUsed = false;

  constructor(
    options: KafkaSinkOptions,
    ports: KafkaPorts,
    clock: Clock,
    moment: AnnounceMoment,
    observer: SinkObserver = SILENT_SINK_OBSERVER,
  ) {
    // One that commits, or waits for its checkpoint, and one that is produced meanwhile.
    this.inFlightMax = 2;
    this.#options = options;
    this.#channel = ports.channel;
    this.#clock = clock;
    this.#pace = new Pace(options.batchMsMax);
    const encoder = new RecordBatchEncoder(compressionOf(options, observer));
    const lasting = {
      tracelessFences: new TracelessFences(clock),
      refusals: new TopicRefusals(clock),
      hangUps: new HangUps(clock),
      reading: { ms: 0 },
    };
    const told = this.#told(observer);
    this.#context = { options, ports, clock, moment, observer: told, encoder, ...lasting };
    this.#opening = new Opening(this.#context);
  }

  get batchBytesMax(): number {
    return this.#pace.bytesMax;
  }

  get lastFault(): string | null {
    const { throttled } = this.#opening;
    const pause = throttled === null ? null : `${throttled.code}: ${throttled.message}`;
    return this.#lastFault ?? pause;
  }

  #told(observer: SinkObserver): SinkObserver {
    return {
      attempted: (attempt) => {
        this.#lastFault = attempt.reason;
        observer.attempted(attempt);
      },
      throttled: (durationMs) => observer.throttled(durationMs),
      stage: (stage, durationMs) => observer.stage(stage, durationMs),
      compressed: (plainBytes, sentBytes) => observer.compressed(plainBytes, sentBytes),
    };
  }

  status(): SinkStatus {
    const { isReachable: reachable, connectedBrokers: connected } = this.#channel;
    return { reachable, brokers: this.#opening.cluster.brokers, connected };
  }

  get readingMs(): number {
    return this.#context.reading.ms;
  }

  async preflight(signal: AbortSignal): Promise<readonly Finding[]> {
    try {
      return await this.#whileWanted(signal, (opening) => this.#examine(opening, signal));
    } catch (error) {
      if (error instanceof RelayError && !signal.aborted) return [findingOf(error)];
      throw error;
    }
  }

  async #examine(
    { fence, checkpointTopic, reach }: Opening,
    signal: AbortSignal,
  ): Promise<readonly Finding[]> {
    await fence.protocol();
    const findings = await checkpointTopic.ensure(signal);
    await reach.prove(signal);
    return findings;
  }

  probe(signal: AbortSignal): Promise<void> {
    return this.#whileWanted(signal, ({ reach }) => reach.prove(signal));
  }

  async peek(signal: AbortSignal): Promise<Uint8Array | null> {
    const { slot } = this.#options;
    const found = await this.#whileWanted(signal, ({ tail }) => tail.last([slot], false, signal));
    return found.get(slot)?.value ?? null;
  }

  open(signal: AbortSignal): Promise<Uint8Array | null> {
    if (this.#isUsed) {
      // What an earlier opening has under way must not arrive behind our fence.
      this.#opening.end();
      this.#channel.close();
    }
    this.#isUsed = true;
    return this.#current().take(signal);
  }

  async publish(batch: SinkBatch, next: () => void = () => undefined): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    let isDurable = false;
    try {
      await this.#opening.publish(batch, next);
      isDurable = true;
    } finally {
      const tookMs = this.#clock.monotonicMs() - startedMs;
      this.#pace.took(batch.records, tookMs, isDurable);
    }
  }

  learn(topics: readonly string[], again: boolean, signal: AbortSignal): Promise<void> {
    const opening = this.#current();
    if (again) for (const topic of topics) opening.topics.forget(topic);
    return this.#whileWanted(signal, () => opening.topics.learn(topics, signal));
  }

  knows(topic: string): boolean {
    return this.#opening.topics.knows(topic);
  }

  refuse(record: OutboundRecord): RelayError | null {
    return this.#opening.topics.refuse(record);
  }

  close(): Promise<void> {
    this.#opening.end();
    this.#isUsed = false;
    this.#channel.close();
    return Promise.resolve();
  }

  #whileWanted<T>(signal: AbortSignal, ask: (opening: Opening) => Promise<T>): Promise<T> {
    const opening = this.#current();
    const leave = (reject: (reason: unknown) => void): void => {
      const { unanswered } = opening;
      if (unanswered !== null) reject(openingGivenUp(unanswered));
      // A loop that pauses ends with the signal, too, and knows what it waits for.
      else setImmediate(() => reject(openingGivenUp()));
    };
    return whileWanted(signal, () => ask(opening), leave);
  }

  /** The opening at hand, or a new one that has taken nothing yet. */
  #current(): Opening {
    if (this.#opening.hasEnded) this.#opening = new Opening(this.#context);
    return this.#opening;
  }
}
