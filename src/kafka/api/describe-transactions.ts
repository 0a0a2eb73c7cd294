import type { BrokerRequest } from "../broker-channel.ts";
import type { ByteReader } from "../wire/byte-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";
import type { ProducerIdentity } from "./init-producer-id.ts";

export const API_DESCRIBE_TRANSACTIONS = 65;
const ONGOING = "Ongoing";

export interface TransactionDescription extends ProducerIdentity {
  readonly error: number;
  readonly transactionalId: string;
  /** Records were written under it, and nobody has ended it yet. */
  readonly isOpen: boolean;
}

/** DescribeTransactions v0 (KIP-664); each id is known to its coordinator only. */
export function describeTransactionsRequest(transactionalIds: readonly string[]): BrokerRequest {
  const writer = new ByteWriter().tags();
  writer.compactArray(transactionalIds, (id) => writer.compactString(id));
  return { apiKey: API_DESCRIBE_TRANSACTIONS, apiVersion: 0, payload: writer.tags().done() };
}

export function readTransactions(response: Buffer): TransactionDescription[] {
  return readAnswer("DescribeTransactions", response, (reader) => {
    reader.tags();
    reader.int32(); // Throttle time.
    return reader.compactArray(() => readTransaction(reader));
  });
}

function readTransaction(reader: ByteReader): TransactionDescription {
  const error = reader.int16();
  const transactionalId = reader.compactString() ?? "";
  const state = reader.compactString() ?? "";
  reader.int32(); // Time-out.
  reader.int64(); // When it began.
  const identity = { producerId: reader.int64(), epoch: reader.int16() };
  const topics = reader.compactArray(() => {
    reader.compactString();
    const partitions = reader.compactArray(() => reader.int32());
    reader.tags();
    return partitions.length;
  });
  reader.tags();
  return { error, transactionalId, isOpen: state === ONGOING && topics.length > 0, ...identity };
}
