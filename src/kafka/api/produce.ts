import type { OutboundRecord } from "../../relay/record/outbound-record.ts";
import { recordBytesMax } from "../../relay/record/record-bytes.ts";
import type { BrokerRequest } from "../broker-channel.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import type { RecordBatchEncoder } from "../wire/record-batch.ts";
import { BATCH_HEADER_BYTES } from "../wire/record-batch.ts";
import { readAnswer } from "./answer.ts";
import type { ProducerIdentity } from "./init-producer-id.ts";

const ACKS_ALL = -1;
/** A varint of five bytes, padded, which holds any length: it is known only after the batch is written. */
const LENGTH_BYTES = 5;

/** One record batch for one partition: more than one a request is not allowed (Produce v3 and later). */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutboundRecord[];
  readonly sequence: number;
}

export interface ProduceOptions {
  /** 12 speaks transaction version 2; 11 the older protocol and the plain idempotent one. */
  readonly apiVersion: 11 | 12;
  readonly transactionalId: string | null;
  readonly identity: ProducerIdentity;
  readonly timeoutMs: number;
}

/** `memory` holds `requestBytesMax` of the batches at least, and belongs to the request until it is answered. */
export function produceRequest(
  encoder: RecordBatchEncoder,
  batches: readonly PartitionBatch[],
  { apiVersion, transactionalId, identity, timeoutMs }: ProduceOptions,
  memory: Buffer,
): BrokerRequest {
  const writer = new ByteWriter(memory);
  writer.tags().compactString(transactionalId).int16(ACKS_ALL).int32(timeoutMs);
  writer.compactArray([...byTopic(batches)], ([topic, ofTopic]) => {
    writer.compactString(topic);
    writer.compactArray(ofTopic, (batch) => {
      writer.int32(batch.partition);
      const stamp = {
        ...identity,
        sequence: batch.sequence,
        isTransactional: transactionalId !== null,
      };
      writer.raw(LENGTH_BYTES + batchBytesMax(batch.records), (bytes, at) => {
        const end = encoder.write(bytes, at + LENGTH_BYTES, batch.records, stamp);
        writeLength(bytes, at, end - at - LENGTH_BYTES + 1);
        return end;
      });
      writer.tags();
    });
    writer.tags();
  });
  return { apiKey: 0, apiVersion, payload: writer.tags().done() };
}

export function byTopic<T extends { readonly topic: string }>(
  items: readonly T[],
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.topic);
    if (group === undefined) groups.set(item.topic, [item]);
    else group.push(item);
  }
  return groups;
}

function batchBytesMax(records: readonly OutboundRecord[]): number {
  let size = BATCH_HEADER_BYTES;
  for (const record of records) size += recordBytesMax(record);
  return size;
}

/** Never less than what the request takes. */
export function requestBytesMax(batches: readonly PartitionBatch[]): number {
  let size = 1_024;
  for (const { topic, records } of batches) size += 32 + 3 * topic.length + batchBytesMax(records);
  return size;
}

function writeLength(bytes: Buffer, at: number, length: number): void {
  bytes[at] = (length & 127) | 128;
  bytes[at + 1] = ((length >>> 7) & 127) | 128;
  bytes[at + 2] = ((length >>> 14) & 127) | 128;
  bytes[at + 3] = ((length >>> 21) & 127) | 128;
  bytes[at + 4] = length >>> 28;
}

export interface PartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly error: number;
  /** Place in the batch of the first record that the broker refused (KIP-467); null when it names none. */
  readonly refusedIndex: number | null;
  /** The broker's own words; null or left out where it has none. */
  readonly message?: string | null;
}

export interface ProduceAnswer {
  readonly partitions: readonly PartitionAnswer[];
  readonly throttleMs: number;
}

/** Produce v9 to v12 answer alike. */
export function readProduce(response: Buffer): ProduceAnswer {
  return readAnswer("Produce", response, (reader) => {
    reader.tags();
    const partitions = reader.compactArray(() => {
      const topic = reader.compactString() ?? "";
      const answers = reader.compactArray(() => readPartitionAnswer(reader, topic));
      reader.tags();
      return answers;
    });
    return { partitions: partitions.flat(), throttleMs: reader.int32() };
  });
}

function readPartitionAnswer(reader: ByteReader, topic: string): PartitionAnswer {
  const partition = reader.int32();
  const error = reader.int16();
  reader.int64();
  reader.int64();
  reader.int64();
  const [refusedIndex = null] = reader.compactArray(() => {
    const index = reader.int32();
    reader.compactString();
    reader.tags();
    return index;
  });
  const message = reader.compactString();
  reader.tags();
  return { topic, partition, error, refusedIndex, message };
}
