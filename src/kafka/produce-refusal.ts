import type { ErrorCode, Remedy } from "../relay/errors.ts";
import { RelayError } from "../relay/errors.ts";
import type { OutboundRecord } from "../relay/record/outbound-record.ts";
import { headerOf } from "../relay/record/record-view.ts";
import type { PartitionAnswer, PartitionBatch } from "./api/produce.ts";
import { brokerText } from "./broker-text.ts";
import { errorClass } from "./error-class.ts";
import { errorName } from "./error-code.ts";
import { kafkaError } from "./kafka-error.ts";
import { singleRecordBytes } from "./wire/record-batch.ts";

const utf8 = new TextDecoder();
const HEADER_CHARACTERS_MAX = 100;

/** A broker refused a batch: nothing of it was written. The message names topic, partition and row. */
export class ProduceRefusal extends RelayError {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code. */
  readonly error: number;
  /** How many records the batch has. */
  readonly records: number;
  /** Bytes of the batch before it is compressed, at most. */
  readonly bytes: number;

  constructor(
    message: string,
    details: { readonly code: ErrorCode; readonly remedy: Remedy; readonly hint: string },
    { topic, partition, records }: PartitionBatch,
    error: number,
  ) {
    super(message, details);
    this.topic = topic;
    this.partition = partition;
    this.error = error;
    this.records = records.length;
    this.bytes = records.reduce((sum, record) => sum + singleRecordBytes(record), 0);
  }
}

/**
 * What an answer means that is neither success, nor a fence, nor to be sent again at once. Where no setting has to change
 * the remedy is `reopen`.
 */
export function produceRefusal(
  batch: PartitionBatch,
  answer: Omit<PartitionAnswer, "topic" | "partition">,
  request: "Produce" | "AddPartitionsToTxn" = "Produce",
): ProduceRefusal {
  const { error } = answer;
  const row = rowOf(batch, answer.refusedIndex);
  const said = answer.message == null ? "" : ` ("${brokerText(answer.message)}")`;
  const refusal = (code: ErrorCode, hint: string): ProduceRefusal => {
    const at = `${batch.topic}-${batch.partition}`;
    const message = `Kafka refused ${row} for ${at}: ${errorName(error)}${said}`;
    return new ProduceRefusal(message, { code, remedy: "halt", hint }, batch, error);
  };
  const kind = errorClass(error);
  if (isOwn(batch) && (kind === "record" || kind === "size")) {
    const alter = `kafka-configs --bootstrap-server <broker> --alter --topic ${batch.topic} --add-config ${OWN_SETTING[kind]}`;
    const hint = `The checkpoint topic (RELAY_CHECKPOINT_TOPIC) has to take the relay's own records: ${alter}. The relay goes on by itself.`;
    return refusal("CONFIG_CHECKPOINT_TOPIC", hint);
  }
  switch (kind) {
    case "record":
      return refusal(
        "RECORD_REFUSED",
        `See what topic ${batch.topic} demands: kafka-configs --describe --topic ${batch.topic}. A record has the commit time of its row (message.timestamp.before.max.ms, message.timestamp.after.max.ms). The relay goes on by itself once the topic takes the row.`,
      );
    case "topic":
      return refusal(
        "TOPIC_INVALID",
        `Kafka takes no records for topic ${batch.topic}. Check RELAY_TOPIC_TEMPLATE and the routing column.`,
      );
    case "size":
      return lookedAtAgain(batch, error, row);
    default:
      return forRequest(
        batch,
        error,
        `${request} to ${batch.topic}-${batch.partition} (${row}${said})`,
      );
  }
}

/** How a topic takes the relay's own records, which have the time of its host, and are never divided: all together stay far below these sizes. */
const OWN_SETTING = {
  record: "message.timestamp.type=LogAppendTime",
  size: "max.message.bytes=1048588,segment.bytes=16777216",
} as const;

function isOwn({ records: [first] }: PartitionBatch): boolean {
  return header(first, "id") === null;
}

/** The limits may have changed; if they have not, the next answer tells. */
function lookedAtAgain(batch: PartitionBatch, error: number, row: string): ProduceRefusal {
  const message = `Kafka answered Produce to ${batch.topic}-${batch.partition} (${row}) with ${errorName(error)}`;
  const details = {
    code: "KAFKA_ERROR",
    remedy: "reopen",
    hint: "The relay looks at the topic's limits again and sends smaller batches.",
  } as const;
  return new ProduceRefusal(message, details, batch, error);
}

function forRequest(batch: PartitionBatch, error: number, where: string): ProduceRefusal {
  const { message, code, remedy, hint } = kafkaError(where, error, "reopen");
  return new ProduceRefusal(message, { code, remedy, hint }, batch, error);
}

/** The row that the broker names, or the first of the batch. */
export function rowOf(
  { records }: Pick<PartitionBatch, "records">,
  refusedIndex: number | null,
): string {
  const record = records[refusedIndex ?? 0];
  const id = header(record, "id");
  if (id === null) return "a record of the relay's own";
  const isNamed = refusedIndex !== null || records.length === 1;
  const row = isNamed ? "the outbox row with" : `one of ${records.length} outbox rows from`;
  return `${row} id ${id} (position ${header(record, "position") ?? "unknown"})`;
}

function header(record: OutboundRecord | undefined, wanted: string): string | null {
  const value = record === undefined ? null : headerOf(record, wanted);
  return value === null ? null : utf8.decode(value).substring(0, HEADER_CHARACTERS_MAX);
}
