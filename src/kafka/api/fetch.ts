import type { BrokerRequest } from "../broker-channel.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import type { FetchedBatch } from "../wire/record-batch-reader.ts";
import { readBatches } from "../wire/record-batch-reader.ts";
import { readAnswer } from "./answer.ts";

const READ_COMMITTED = 1;
const FETCH_BYTES_MAX = 4 * 1024 * 1024;

export interface FetchedPartition {
  readonly error: number;
  /** Where the log's decided part ended when this was answered; -1 with an error. */
  readonly lastStable: bigint;
  /** Producers whose transaction was aborted, and the first offset of it. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly batches: readonly FetchedBatch[];
}

/** Fetch v11 of one partition with read_committed, without waiting and without a session. */
export function fetchRequest(topic: string, partition: number, offset: bigint): BrokerRequest {
  const writer = new ByteWriter().int32(-1).int32(0).int32(0).int32(FETCH_BYTES_MAX);
  writer.int8(READ_COMMITTED).int32(0).int32(-1);
  writer.array([topic], (name) => {
    writer.string(name).array([partition], (one) => {
      writer.int32(one).int32(-1).int64(offset).int64(-1n).int32(FETCH_BYTES_MAX);
    });
  });
  return { apiKey: 1, apiVersion: 11, payload: writer.int32(0).string("").done() };
}

export function readFetch(response: Buffer): FetchedPartition {
  return readAnswer("Fetch", response, (reader) => {
    reader.int32();
    const error = reader.int16();
    reader.int32();
    const [partitions] = reader.array(() => {
      reader.string();
      return reader.array(() => readPartition(reader));
    });
    const [partition] = partitions ?? [];
    return partition ?? { error, lastStable: -1n, aborted: [], batches: [] };
  });
}

function readPartition(reader: ByteReader): FetchedPartition {
  reader.int32();
  const error = reader.int16();
  reader.int64();
  const lastStable = reader.int64();
  reader.int64();
  const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32();
  const records = reader.bytes(reader.int32()) ?? Buffer.alloc(0);
  return { error, lastStable, aborted, batches: readBatches(records) };
}
