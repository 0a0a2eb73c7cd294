import type { Clock } from "../relay/clock.ts";
import { RelayError } from "../relay/errors.ts";
import { errorClass } from "./error-class.ts";
import { errorName } from "./error-code.ts";
import { kafkaRefused } from "./kafka-error.ts";
import type { ProduceRefusal } from "./produce-refusal.ts";
import type { RecordLimit } from "./record-limit.ts";

/** After this time a topic or record that was refused for good is tried once more. */
const TRIAL_MS = 60_000;
/** A refusal that nobody knows counts as lasting after this time without a success. */
const LASTING_MS = 30_000;
/** A batch that is too large is divided into parts of this share of it. */
const SHRINK = 8;
/** Topics that are remembered; more than this many are refused in a broken cluster only. */
const TOPICS_MAX = 1_000;

interface SizesRefused {
  /** What the topic's settings said when Kafka refused. */
  readonly limit: string;
  readonly atMs: number;
  /** Batches above this were refused; bytes. */
  readonly batchBytesMax: number;
  /** A record of this size was refused alone; infinite when none was. */
  readonly recordBytes: number;
  /** Kafka's words for it. */
  readonly error: number;
}

/**
 * What brokers refused although metadata and settings of the topic allow it. It outlives openings, so that what was
 * refused is not sent again and again: batches get smaller until the record is found, and that record is refused by name.
 */
export class TopicRefusals {
  readonly #clock: Clock;
  readonly #invalid = new Map<string, { readonly problem: RelayError; readonly atMs: number }>();
  readonly #sizes = new Map<string, SizesRefused>();
  readonly #unknown = new Map<string, { readonly error: number; readonly sinceMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers the refusal; returns the error that people are shown. `limit`: what the topic was known to take. */
  note(refusal: ProduceRefusal, limit: RecordLimit): RelayError {
    if (this.#invalid.size + this.#sizes.size + this.#unknown.size > TOPICS_MAX) this.#forgetAll();
    switch (errorClass(refusal.error)) {
      case "topic":
        this.#invalid.set(refusal.topic, { problem: refusal, atMs: this.#clock.monotonicMs() });
        return refusal;
      case "size":
        // What is final already is nothing that could be divided.
        return refusal.remedy === "halt" ? refusal : this.#tooLarge(refusal, limit);
      case "unknown":
        return this.#isLasting(refusal) ? lasting(refusal) : refusal;
      default:
        return refusal;
    }
  }

  /** Something became durable: whatever was refused without a known cause is over. */
  served(): void {
    this.#unknown.clear();
  }

  /** Why nothing can go to the topic, or null. */
  problem(topic: string): RelayError | null {
    const known = this.#invalid.get(topic);
    if (known === undefined) return null;
    if (this.#clock.monotonicMs() - known.atMs < TRIAL_MS) return known.problem;
    this.#invalid.delete(topic);
    return null;
  }

  /** The topic's settings were read: a refusal from before they changed counts no more. */
  learned(topic: string, limit: RecordLimit): void {
    const known = this.#sizes.get(topic);
    if (known === undefined) return;
    const isOld = this.#clock.monotonicMs() - known.atMs >= TRIAL_MS;
    if (isOld || known.limit !== limit.text) this.#sizes.delete(topic);
  }

  /** Largest batch that was not refused yet, bytes. */
  batchBytesMax(topic: string): number {
    return this.#sizes.get(topic)?.batchBytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Why a record of that size is refused alone, or null. */
  recordProblem(topic: string, bytes: number): RelayError | null {
    const known = this.#sizes.get(topic);
    return known === undefined || bytes < known.recordBytes
      ? null
      : refusedAsTooLarge(topic, bytes, known);
  }

  #tooLarge(refusal: ProduceRefusal, limit: RecordLimit): RelayError {
    const { topic, error, records, bytes } = refusal;
    const known = this.#sizes.get(topic);
    const common = { limit: limit.text, atMs: this.#clock.monotonicMs(), error };
    const before = known?.recordBytes ?? Number.POSITIVE_INFINITY;
    if (records === 1) {
      const batchBytesMax = Math.min(known?.batchBytesMax ?? bytes, bytes);
      const sizes = { ...common, batchBytesMax, recordBytes: Math.min(before, bytes) };
      this.#sizes.set(topic, sizes);
      const { message, hint } = refusedAsTooLarge(topic, bytes, sizes);
      return new RelayError(`${refusal.message}: ${message}`, {
        code: "RECORD_TOO_LARGE",
        remedy: "halt",
        hint,
      });
    }
    const largest = Math.min(bytes, known?.batchBytesMax ?? bytes, limit.bytesMax);
    const batchBytesMax = Math.floor(largest / SHRINK);
    this.#sizes.set(topic, { ...common, batchBytesMax, recordBytes: before });
    return refusal;
  }

  #isLasting({ topic, error }: ProduceRefusal): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#unknown.get(topic);
    if (known?.error !== error) this.#unknown.set(topic, { error, sinceMs: nowMs });
    return known?.error === error && nowMs - known.sinceMs >= LASTING_MS;
  }

  #forgetAll(): void {
    for (const known of [this.#invalid, this.#sizes, this.#unknown]) known.clear();
  }
}

function lasting({ message, error }: ProduceRefusal): RelayError {
  const { code, hint } = kafkaRefused("", error);
  const seconds = LASTING_MS / 1000;
  return new RelayError(`${message}; the same for ${seconds} s`, { code, remedy: "halt", hint });
}

function refusedAsTooLarge(topic: string, bytes: number, sizes: SizesRefused): RelayError {
  return new RelayError(
    `Kafka refused the record of ${bytes} bytes alone with ${errorName(sizes.error)}, and topic ${topic} is known to take more (${sizes.limit})`,
    {
      code: "RECORD_TOO_LARGE",
      remedy: "halt",
      hint: `See what limits the topic: kafka-configs --bootstrap-server <broker> --describe --topic ${topic} --all (max.message.bytes, segment.bytes), and grant DescribeConfigs on it to the relay's principal, so that it sees the limits itself. The relay tries again each minute.`,
    },
  );
}
