import type { BrokerRequest } from "../broker-channel.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";
import type { ProducerIdentity } from "./init-producer-id.ts";

/** EndTxn v2: the older protocol. A repetition can end a later transaction (KAFKA-17754): never repeat it. */
export function endTxnV2Request(
  transactionalId: string,
  { producerId, epoch }: ProducerIdentity,
): BrokerRequest {
  const writer = new ByteWriter().string(transactionalId).int64(producerId).int16(epoch);
  return { apiKey: 26, apiVersion: 2, payload: writer.boolean(true).done() };
}

export function readEndTxnV2(response: Buffer): number {
  return readAnswer("EndTxn", response, (reader) => {
    reader.int32();
    return reader.int16();
  });
}

/** EndTxn v5 (KIP-890): the answer holds the identity for the next transaction. */
export function endTxnV5Request(
  transactionalId: string,
  { producerId, epoch }: ProducerIdentity,
): BrokerRequest {
  const writer = new ByteWriter()
    .tags()
    .compactString(transactionalId)
    .int64(producerId)
    .int16(epoch);
  return { apiKey: 26, apiVersion: 5, payload: writer.boolean(true).tags().done() };
}

export function readEndTxnV5(response: Buffer): ProducerIdentity & { error: number } {
  return readAnswer("EndTxn", response, (reader) => {
    reader.tags();
    reader.int32();
    return { error: reader.int16(), producerId: reader.int64(), epoch: reader.int16() };
  });
}
