import { RelayError } from "../relay/errors.ts";
import { OutputTooLargeError } from "./wire/bounded-output.ts";
import { codecName, decompress } from "./wire/decompress.ts";
import type { FetchedBatch } from "./wire/record-batch-reader.ts";

/**
 * `max.message.bytes` limits a batch as it is stored. What a relay sends is within it before brokers compress it; what
 * others send compressed may be larger inside, by as much as texts of theirs usually shrink.
 */
const PLAIN_PER_STORED_MAX = 32;

interface LogPlace {
  readonly topic: string;
  readonly partition: number;
}

/**
 * The body of a batch as its producer wrote it. Throws RelayError `TOPIC_COMPRESSED` for a codec that the relay cannot
 * read, `TOPIC_BATCH_TOO_LARGE` for a body larger than what a topic of that `max.message.bytes` may hold.
 */
export function plainBody(at: LogPlace, batch: FetchedBatch, messageBytesMax: number): Buffer {
  if (batch.codec === 0 || batch.count === 0) return batch.body;
  if (codecName(batch.codec) === null) throw compressed(at, batch);
  const bytesMax = messageBytesMax * PLAIN_PER_STORED_MAX;
  try {
    return decompress(batch.codec, batch.body, bytesMax);
  } catch (error) {
    if (error instanceof OutputTooLargeError) throw tooLarge(at, batch, bytesMax);
    throw unreadableBatch(at, batch, error);
  }
}

/** What stands there is no record batch. */
export function unreadableBatch(at: LogPlace, batch: FetchedBatch, cause: unknown): RelayError {
  return new RelayError(`a batch is damaged: ${placeOf(at, batch)}`, {
    code: "TOPIC_UNREADABLE",
    remedy: "halt",
    hint: "Other consumers cannot read it either. Look at it with kafka-dump-log on the partition's broker.",
    cause,
  });
}

function compressed(at: LogPlace, batch: FetchedBatch): RelayError {
  const message = `a batch is compressed with codec ${batch.codec}, which this version cannot read: ${placeOf(at, batch)}`;
  return new RelayError(message, {
    code: "TOPIC_COMPRESSED",
    remedy: "halt",
    hint: "The relay reads gzip, snappy, lz4 and zstd. Use a newer version of it.",
  });
}

function tooLarge(at: LogPlace, batch: FetchedBatch, bytesMax: number): RelayError {
  const message = `a batch compressed with ${codecName(batch.codec)} holds more than ${bytesMax} bytes: ${placeOf(at, batch)}`;
  return new RelayError(message, {
    code: "TOPIC_BATCH_TOO_LARGE",
    remedy: "halt",
    hint: `That is over ${PLAIN_PER_STORED_MAX} times the topic's max.message.bytes. If it is meant to be so, raise it: kafka-configs --bootstrap-server <broker> --alter --topic ${at.topic} --add-config max.message.bytes=<bytes>.`,
  });
}

function placeOf({ topic, partition }: LogPlace, { baseOffset }: FetchedBatch): string {
  return `topic ${topic}, partition ${partition}, offset ${baseOffset}`;
}
