import { RelayError } from "../relay/errors.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { headerOf } from "../relay/record/record-view.ts";
import type { PartitionAnswer, PartitionBatch } from "./api/produce.ts";
import { ERROR, errorName } from "./error-code.ts";

/** Codes that say: this record, in this topic, never as things stand. */
const REFUSED: ReadonlySet<number> = new Set([
  ERROR.invalidTimestamp,
  ERROR.policyViolation,
  ERROR.invalidRecord,
]);

const utf8 = new TextDecoder();

/**
 * The error for a batch that the broker refused for what is in it; null for any other answer. Nothing
 * of the batch was written, and it goes out again once the topic's settings let it.
 */
export function refusedRecord(
  { topic, partition, records }: PartitionBatch,
  { error, refusedIndex }: PartitionAnswer,
): RelayError | null {
  if (!REFUSED.has(error)) return null;
  const record = records[refusedIndex ?? 0];
  const isNamed = refusedIndex !== null || records.length === 1;
  const row = isNamed ? "the outbox row" : `one of ${records.length} outbox rows from`;
  const message = `Kafka refused ${row} with id ${header(record, "id")} (position ${header(record, "position")}) for ${topic}-${partition}: ${errorName(error)}`;
  return new RelayError(message, {
    code: "RECORD_REFUSED",
    remedy: "halt",
    hint: `See what topic ${topic} demands: kafka-configs --describe --topic ${topic}. A record bears its commit time (message.timestamp.before.max.ms, message.timestamp.after.max.ms). The relay goes on by itself once the topic takes the row.`,
  });
}

function header(record: OutboundRecord | undefined, wanted: string): string {
  const value = record === undefined ? null : headerOf(record, wanted);
  return value === null ? "unknown" : utf8.decode(value);
}
