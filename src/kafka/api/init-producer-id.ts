import type { BrokerRequest } from "../broker-channel.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readAnswer } from "./answer.ts";

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly epoch: number;
}

/** InitProducerId v4, always without a former identity: it takes the id from the producer that has it. */
export function initProducerIdRequest(
  transactionalId: string | null,
  timeoutMs: number,
): BrokerRequest {
  const writer = new ByteWriter().tags().compactString(transactionalId).int32(timeoutMs);
  return { apiKey: 22, apiVersion: 4, payload: writer.int64(-1n).int16(-1).tags().done() };
}

export function readProducerId(response: Buffer): ProducerIdentity & { error: number } {
  return readAnswer("InitProducerId", response, (reader) => {
    reader.tags();
    reader.int32();
    return { error: reader.int16(), producerId: reader.int64(), epoch: reader.int16() };
  });
}
