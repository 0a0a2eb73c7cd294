import { RelayError } from "../relay/errors.ts";
import { OutputTooLargeError } from "./wire/bounded-output.ts";
import { codecName, decompress } from "./wire/decompress.ts";
import type { FetchedBatch } from "./wire/record-batch-reader.ts";

/** How much larger than `max.message.bytes` a batch may be unpacked: texts shrink by about as much at best. */
const PLAIN_PER_STORED_MAX = 32;
const PLAIN_BYTES_MAX = 128 * 1024 * 1024;

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
  const bytesMax = plainBytesMax(messageBytesMax);
  try {
    return decompress(batch.codec, batch.body, bytesMax);
  } catch (error) {
    if (error instanceof OutputTooLargeError) throw tooLarge(at, batch, bytesMax);
    throw unreadableBatch(at, batch, error);
  }
}

/**
 * How large a batch may be unpacked, bytes. `max.message.bytes` limits it as it is stored, and as its producer sent it:
 * what a relay sends is within it, compressed batches of others may hold more.
 */
export function plainBytesMax(messageBytesMax: number): number {
  return Math.max(
    messageBytesMax,
    Math.min(messageBytesMax * PLAIN_PER_STORED_MAX, PLAIN_BYTES_MAX),
  );
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
    hint: `Somebody else has sent it, and nothing of its size is expected in this topic. If it is meant to be there, raise max.message.bytes to the size of the batch unpacked: kafka-configs --bootstrap-server <broker> --alter --topic ${at.topic} --add-config max.message.bytes=<bytes>.`,
  });
}

function placeOf({ topic, partition }: LogPlace, { baseOffset }: FetchedBatch): string {
  return `topic ${topic}, partition ${partition}, offset ${baseOffset}`;
}
