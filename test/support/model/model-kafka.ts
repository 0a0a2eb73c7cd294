import type {
  PublishedEvent,
  PublishedEvents,
  TailReport,
} from "../../../src/relay/backfill/published-events.ts";
import type { Clock } from "../../../src/relay/clock.ts";
import { RelayError } from "../../../src/relay/errors.ts";
import type { Finding } from "../../../src/relay/finding.ts";
import type { Sink, SinkBatch } from "../../../src/relay/publish/sink.ts";
import type { OutboundRecord } from "../../../src/relay/record/outbound-record.ts";
import type { RecordParts } from "../../../src/relay/record/pack-record.ts";
import { unpackRecord } from "../../../src/relay/record/record-view.ts";

/** What the cluster keeps; several sinks may come and go in front of it, the newest one fences the others. */
export class ModelCluster {
  readonly records: RecordParts[] = [];
  readonly checkpoints: Uint8Array[] = [];
  readonly notes = new Map<string, Uint8Array>();
  readonly missingTopics = new Set<string>();
  epoch = 0;
  isDown = false;
}

/** Decides a publish: `apply` tells whether it becomes durable, `answer` whether the caller learns of it. */
export type Fate = () => {
  readonly apply: boolean;
  readonly answer: boolean;
  readonly delayMs: number;
};

export const GOOD_FATE: Fate = () => ({ apply: true, answer: true, delayMs: 2 });

/** A transactional sink in memory: one batch is one transaction, in order, with unknown outcomes where `fate` says so. */
export class ModelSink implements Sink, PublishedEvents {
  readonly inFlightMax = 3;
  readonly #cluster: ModelCluster;
  readonly #clock: Clock;
  fate: Fate;
  opens = 0;
  probes = 0;
  readingMs = 0;
  batchBytesMax = Number.POSITIVE_INFINITY;
  /** The cluster runs, but this one's way there is cut. */
  isCutOff = false;
  lastFault: string | null = null;
  #epoch = -1;
  #isBroken = true;
  #tail: Promise<void> = Promise.resolve();
  readonly #known = new Set<string>();

  constructor(cluster: ModelCluster, clock: Clock, fate: Fate = GOOD_FATE) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.fate = fate;
  }

  get #isAway(): boolean {
    return this.isCutOff || this.#cluster.isDown;
  }

  probe(): Promise<void> {
    this.probes += 1;
    return this.#isAway ? Promise.reject(away("retry")) : Promise.resolve();
  }

  preflight(): Promise<readonly Finding[]> {
    if (!this.#isAway) return Promise.resolve([]);
    const finding: Finding = {
      code: "KAFKA_UNREACHABLE",
      message: "away",
      hint: "wait",
      severity: "retry",
    };
    return Promise.resolve([finding]);
  }

  peek(): Promise<Uint8Array | null> {
    return Promise.resolve(this.#cluster.checkpoints.at(-1) ?? null);
  }

  open(): Promise<Uint8Array | null> {
    if (this.#isAway) return Promise.reject(away("retry"));
    this.opens += 1;
    this.#cluster.epoch += 1;
    this.#epoch = this.#cluster.epoch;
    this.#isBroken = false;
    this.#tail = Promise.resolve();
    this.#known.clear();
    return this.peek();
  }

  publish(batch: SinkBatch, next: () => void = () => undefined): Promise<void> {
    next();
    const epoch = this.#epoch;
    const job = this.#tail.then(() => this.#commit(batch, epoch));
    this.#tail = job;
    job.catch(() => undefined);
    return job;
  }

  async #commit(batch: SinkBatch, epoch: number): Promise<void> {
    const { apply, answer, delayMs } = this.fate();
    if (this.#isBroken) throw away("reopen");
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    if (epoch !== this.#cluster.epoch) throw this.#fenced();
    if (this.#isBroken || this.#isAway) throw this.#fail();
    if (apply) {
      this.#cluster.records.push(...batch.records.map(unpackRecord));
      this.#cluster.checkpoints.push(batch.checkpoint);
      for (const [name, value] of batch.notes ?? []) this.#cluster.notes.set(name, value);
    }
    if (!apply || !answer) throw this.#fail();
  }

  #fenced(): RelayError {
    this.#isBroken = true;
    return new RelayError("fenced", { code: "FENCED", remedy: "standby", hint: "wait" });
  }

  #fail(): RelayError {
    this.#isBroken = true;
    return away("reopen");
  }

  since(
    topics: readonly string[],
    _sinceMs: number,
    found: (event: PublishedEvent) => void,
  ): Promise<TailReport> {
    const events = this.#cluster.records.filter(({ topic }) => topics.includes(topic));
    for (const event of events) found(publishedEvent(event));
    return Promise.resolve({ records: events.length, cutShort: [] });
  }

  after(
    pattern: RegExp,
    position: string,
    found: (event: PublishedEvent) => void,
  ): Promise<TailReport> {
    const events = this.#cluster.records
      .filter(({ topic }) => pattern.test(topic))
      .map(publishedEvent)
      .filter((event) => (event.position ?? "") > position);
    for (const event of events) found(event);
    return Promise.resolve({ records: events.length, cutShort: [] });
  }

  learn(topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#known.add(topic);
    return Promise.resolve();
  }

  knows(topic: string): boolean {
    return this.#known.has(topic);
  }

  refuse({ topic }: OutboundRecord): RelayError | null {
    if (!this.#cluster.missingTopics.has(topic)) return null;
    const details = { code: "TOPIC_MISSING", remedy: "halt", hint: "create it" } as const;
    return new RelayError(`topic ${topic} does not exist`, details);
  }

  close(): Promise<void> {
    this.#isBroken = true;
    return Promise.resolve();
  }
}

function publishedEvent({ topic, headers, timestampMs }: RecordParts): PublishedEvent {
  const text = (name: string): string | null => {
    const header = headers.find((one) => new TextDecoder().decode(one.name) === name);
    return header?.value == null ? null : new TextDecoder().decode(header.value);
  };
  const id = text("id") ?? "";
  return { topic, partition: 0, offset: 0n, id, position: text("position"), timestampMs };
}

function away(remedy: "retry" | "reopen"): RelayError {
  return new RelayError("Kafka is away", { code: "KAFKA_UNREACHABLE", remedy, hint: "wait" });
}
