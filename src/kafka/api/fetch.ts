import type { BrokerRequest } from "../broker-channel.ts";
import { ERROR } from "../error-code.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import type { FetchedBatch } from "../wire/record-batch-reader.ts";
import { readBatches } from "../wire/record-batch-reader.ts";
import { brokenAnswer, readAnswer } from "./answer.ts";

const READ_COMMITTED = 1;
const FETCH_BYTES_MAX = 4 * 1024 * 1024;

export interface FetchedPartition {
  readonly error: number;
  /** How long the broker asks us to wait, and gives nothing until then, ms: a quota is used up. 0 otherwise. */
  readonly throttleMs: number;
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
    const throttleMs = reader.int32();
    const error = reader.int16();
    reader.int32();
    const [partitions] = reader.array(() => {
      reader.string();
      return reader.array(() => readPartition(reader));
    });
    const [partition] = partitions ?? [];
    if (partition !== undefined) return { ...partition, throttleMs: 0 };
    // While a broker throttles, its answer is empty (FetchContext.getThrottledResponse).
    if (error !== ERROR.none || throttleMs > 0)
      return { error, throttleMs, lastStable: -1n, aborted: [], batches: [] };
    throw brokenAnswer("Fetch without the partition");
  });
}

function readPartition(reader: ByteReader): Omit<FetchedPartition, "throttleMs"> {
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
